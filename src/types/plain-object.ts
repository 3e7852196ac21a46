/** Whether `value` is an object with properties, rather than one that stands for a single value. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false
  return !(value instanceof Date || value instanceof Map || value instanceof Set || value instanceof ArrayBuffer)
}

/** The own property `name` of `value`: never one it inherits, such as `constructor`. */
export function ownValue(value: unknown, name: string): unknown {
  if (value === null || value === undefined || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}
