// Compiled, interpreted and built-in code, with calls from C++ back into JavaScript, for ever.
console.log("running");
function fib(number) { return number < 2 ? number : fib(number - 1) + fib(number - 2); }
let sum = 0;
for (;;) {
  sum += fib(18);
  const words = new Map();
  for (let i = 0; i < 2000; i++) words.set("word" + i, JSON.stringify({ i, list: [1, 2, 3] }));
  sum += [...words.keys()].sort((a, b) => (a < b ? -1 : 1)).length;
  sum += "aXbX".repeat(200).replace(/X/g, () => "y").length;
}
