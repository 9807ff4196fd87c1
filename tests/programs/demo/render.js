// The storefront: renders product lists to HTML a few times a second.
'use strict';

const products = Array.from({ length: 400 }, (_, id) => ({ id, name: `product ${id}`, price: (id * 7919) % 500 }));

function escapeText(text) {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function renderProduct(product) {
  return `<li id="p${product.id}"><b>${escapeText(product.name)}</b> <i>${product.price.toFixed(2)}</i></li>`;
}

function renderPage(order) {
  const sorted = [...products].sort((a, b) => (a.price - b.price) * order);
  return `<ul>${sorted.map(renderProduct).join('\n')}</ul>`;
}

setInterval(() => {
  let written = 0;
  for (let page = 0; page < 60; page += 1) written += renderPage(page % 2 ? 1 : -1).length;
  return written;
}, 250);
