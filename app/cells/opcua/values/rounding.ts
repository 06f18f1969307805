/**
 * Numbers with a given count of significant digits (R78, L7), as C's `%g` and C++ streams write them, which the original
 * is made with: 3.14159, 123457, 1.23457e+06. All of these are JSON numbers.
 */

/** Below this power of ten `%g` writes an exponent. */
const SMALLEST_PLAIN_EXPONENT = -4;
/** More digits than what lies exactly between two numbers of 17 digits can have. */
const DIGITS_OF_A_TIE = 40;

/** A positive number in between two of `digits` digits, at the same distance from both: C takes the even one. */
function roundsToEven(value: number, digits: number): boolean {
  // Nearly all numbers end here.
  if (!/5e/.test(value.toExponential(digits))) return false;
  const exact = value.toExponential(DIGITS_OF_A_TIE).replace(".", "");
  return /^50*e/.test(exact.slice(digits)) && Number(exact[digits - 1]) % 2 === 0;
}

/** The positive number's digits without a point, and the power of ten of the first one. */
function decimal(value: number, digits: number): { mantissa: string; exponent: number } {
  let text = value.toExponential(digits - 1);
  if (roundsToEven(value, digits)) {
    // `toExponential` has taken the larger one: its last digit is odd and one too much, so nothing is carried.
    const last = text.indexOf("e") - 1;
    text = `${text.slice(0, last)}${Number(text[last]) - 1}${text.slice(last + 1)}`;
  }
  const [mantissa = "", exponent = ""] = text.split("e");
  return { mantissa: mantissa.replace(".", ""), exponent: Number(exponent) };
}

function withExponent(digits: string, exponent: number): string {
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${power}`;
}

/** Writes finite numbers like `printf("%.*g", digits, value)`. */
export function significantText(value: number, digits: number): string {
  if (value === 0) return 1 / value < 0 ? "-0" : "0";
  const sign = value < 0 ? "-" : "";
  const { mantissa, exponent } = decimal(Math.abs(value), digits);
  const kept = mantissa.replace(/0+$/, "");
  if (exponent < SMALLEST_PLAIN_EXPONENT || exponent >= digits) return sign + withExponent(kept, exponent);
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${kept}`;
  const whole = exponent + 1;
  if (kept.length <= whole) return sign + kept.padEnd(whole, "0");
  return `${sign}${kept.slice(0, whole)}.${kept.slice(whole)}`;
}
