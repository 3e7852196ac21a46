/** A count with separators: `1,234,567`. */
export function countText(count: number | bigint): string {
  return count.toLocaleString('en-US')
}

/** A count and what is counted: `1 row`, `2,000 rows`. */
export function countOf(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** Bytes in the unit that leaves few digits: `512 B`, `13.5 MB`. Powers of 1,000. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let [value, unit] = [bytes / 1000, 0]
  for (; value >= 999.95 && unit < units.length - 1; unit++) value /= 1000
  return `${value.toFixed(1)} ${units[unit]}`
}
