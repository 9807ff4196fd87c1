// Functions that are made, compiled, used for a moment and thrown away, so that their places are used again.
'use strict';

let number = 0;
function another() {
  number += 1;
  const body = `let t = n; for (let i = 0; i < n; i++) t = (t * 31 + ${number} + i) % 65521; return t;`;
  return new Function(`return function made${number}(n) { ${body} }`)();
}

console.log('ready');
setInterval(() => {
  const end = Date.now() + 50;
  let sum = 0;
  while (Date.now() < end) {
    const made = another();
    for (let round = 0; round < 300; round += 1) sum += made(2000);
  }
  return sum;
}, 51);
