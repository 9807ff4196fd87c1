// A known call graph: serve > priceOfCart > taxOf, where nearly all of the time goes; classes, accessors and functions
// without a name beside it. The work is too much for the optimizer to do away with, and is not inlined.
'use strict';

function taxOf(price, rounds) {
  let tax = price;
  for (let round = 0; round < rounds; round += 1) tax = (tax * 1103515245 + 12345 + round) % 2147483648;
  return tax;
}

class Cart {
  constructor() {
    this.prices = Array.from({ length: 40 }, (_, place) => place * 7);
  }

  get size() {
    return this.prices.length;
  }
}

function priceOfCart(cart) {
  let sum = 0;
  for (let place = 0; place < cart.size; place += 1) sum += taxOf(cart.prices[place], 4000);
  return sum;
}

function serve() {
  const cart = new Cart();
  const end = Date.now() + 50;
  let sum = 0;
  while (Date.now() < end) sum += priceOfCart(cart);
  return sum;
}

serve();
console.log('ready');
setInterval(serve, 51);
