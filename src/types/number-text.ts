/**
 * A DOUBLE as DuckDB prints it: `1.0`, `0.1`, `1e+16`, `1e-05`, `nan`, `-inf`. Always the shortest digits that mean the same
 * number, which DuckDB 1.5.6 misses at some powers of two (it prints 2^81 as the text of 2^82).
 */
export function doubleText(value: number): string {
  return laidOut(value, () => value.toExponential())
}

/**
 * A FLOAT as DuckDB prints it: the shortest digits that mean the same 32-bit number, one more where that is exact and two
 * shorter texts are equally near (`2510675.25`).
 */
export function floatText(value: number): string {
  return laidOut(value, () => {
    for (let digits = 0; digits < 8; digits++) {
      const text = value.toExponential(digits)
      if (Math.fround(Number(text)) !== value) continue
      const longer = value.toExponential(digits + 1)
      return /5e/.test(longer) && Number(longer) === value ? longer : text
    }
    return value.toExponential(8)
  })
}

function laidOut(value: number, scientific: () => string): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [mantissa, power] = scientific().split('e') as [string, string]
  const exponent = Number(power)
  const sign = mantissa.startsWith('-') ? '-' : ''
  const digits = mantissa.replace('-', '').replace('.', '')
  if (exponent < -4 || exponent >= 16) {
    const size = `${Math.abs(exponent)}`.padStart(2, '0')
    return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e${exponent < 0 ? '-' : '+'}${size}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`
}

/**
 * A scaled integer with exactly `scale` digits after the point: `decimalText(1230n, 4, 2)` is `12.30`. Where no digit fits
 * before the point DuckDB prints none: `.99` of DECIMAL(2,2).
 */
export function decimalText(scaled: bigint | number, precision: number, scale: number): string {
  const text = scaled.toString()
  if (scale === 0) return text
  const negative = text.startsWith('-')
  const digits = (negative ? text.slice(1) : text).padStart(precision > scale ? scale + 1 : scale, '0')
  const point = digits.length - scale
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`
}
