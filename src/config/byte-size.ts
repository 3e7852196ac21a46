import { LakefrontError } from '../errors.ts'

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}

/**
 * A number of bytes from `2_000_000_000`, `'2GB'`, `'512 MiB'` or `'1.5gb'`. As in DuckDB, `GB` is a billion bytes and `GiB`
 * is 2^30. `option` is what to call it in the message.
 *
 * @throws LakefrontError `INVALID_ARGUMENT` when it is not a positive size.
 */
export function byteSize(value: string | number, option: string): number {
  const [, digits = '', unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(value)) ?? []
  const factor = units[unit.toLowerCase()]
  const bytes = digits === '' || factor === undefined ? Number.NaN : Math.floor(Number(digits) * factor)
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `${option}: ${typeof value === 'string' ? JSON.stringify(value) : String(value)} is not a size. Give a positive number of bytes, or text such as "512MB", "2GB" or "1.5GiB" ` +
      '(units: B, KB, MB, GB, TB, KiB, MiB, GiB, TiB).',
    { details: { option } },
  )
}
