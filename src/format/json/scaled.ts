/** Digits that a number always holds exactly. */
export const exactDigits = 15

/** Digits of a number that {@link scaled} makes: the square of a rounding error is far below what they can tell. */
export const mostDigits = 19

const powers = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent)

/**
 * The number nearest to `high` with the `more` digits of `low` behind it, divided by ten to the power of `decimals`. Undefined where that needs
 * more than two numbers' precision to tell. No text is made of it, as `Number()` needs.
 */
export function scaled(high: number, low: number, more: number, decimals: number): number | undefined {
  const divisor = powers[decimals]
  if (divisor === undefined) return undefined
  if (more <= 0) return high / divisor
  const shifted = high * powers[more]!
  const sum = shifted + low
  // What the product and the sum were rounded by: sum + rest is exact.
  const rest = productError(high, powers[more]!, shifted) + (low - (sum - shifted))
  const quotient = sum / divisor
  const product = quotient * divisor
  const correction = (sum - product - productError(quotient, divisor, product) + rest) / divisor
  const result = quotient + correction * (1 + uncertainty)
  return result === quotient + correction * (1 - uncertainty) ? result : undefined
}

const uncertainty = 2 ** -50

/** What `product` is less than `a` times `b`, exactly (Dekker). */
function productError(a: number, b: number, product: number): number {
  const [aHigh, bHigh] = [upperHalf(a), upperHalf(b)]
  const [aLow, bLow] = [a - aHigh, b - bHigh]
  return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow
}

function upperHalf(value: number): number {
  const spread = value * 134_217_729
  return spread - (spread - value)
}
