/** An id for a source that no other has; `label` makes SQL that shows it readable. */
export function sourceId(label: string): string {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number]
  return `${label}#${(high * 2 ** 20 + (low >>> 12)).toString(36)}`
}
