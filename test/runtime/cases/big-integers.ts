/** BigInt beside Number: order and equality, of all signs and magnitudes (Int64 and UInt64 values need it). */
const WIDTHS = [0n, 1n, 7n, 31n, 32n, 52n, 53n, 63n, 64n, 100n];
const magnitudes = WIDTHS.flatMap((width) => [2n ** width - 1n, 2n ** width, 2n ** width + 1n]);
const integers = [...magnitudes, ...magnitudes.map((value) => -value)];
const numbers = [
  ...integers.map(Number),
  ...[0.5, -0.5, 1e300, -1e300, 5e-324, -5e-324, -0],
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

for (const integer of integers) {
  const row = numbers.map((number) => {
    const order = integer < number ? "<" : integer > number ? ">" : "";
    const equal = integer <= number && integer >= number ? "=" : "";
    const mirrored = number < integer ? ">" : number > integer ? "<" : "";
    return `${order}${equal}${mirrored === order ? "" : " mirrored differs"}` || "-";
  });
  console.log(`${integer}: ${row.join(" ")}`);
}
console.log(`${[...integers].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join(" ")}`);
