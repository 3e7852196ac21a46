/** A part of a format as `strftime` has them: text, or what stands after `%`. */
export type FormatPart = { readonly text: string } | { readonly field: string; readonly padded: boolean }

/** The parts of a `strftime` format. */
export function formatParts(format: string): readonly FormatPart[] {
  return Array.from(format.matchAll(/%(-?)([A-Za-z%])|[^%]+|%/g), ([whole, minus, field]): FormatPart => {
    if (field === undefined) return { text: whole }
    return field === '%' ? { text: '%' } : { field, padded: minus !== '-' }
  })
}

/** What a text is read by: a regular expression of POSIX and what each of its groups is. */
export interface TimePattern {
  readonly pattern: string
  readonly fields: readonly string[]
}

const digits: Readonly<Record<string, string>> = {
  Y: '([0-9]{1,4})',
  m: '([0-9]{1,2})',
  d: '([0-9]{1,2})',
  H: '([0-9]{1,2})',
  I: '([0-9]{1,2})',
  M: '([0-9]{1,2})',
  S: '([0-9]{1,2})',
  p: '([AaPp][Mm])',
}

/** How `strptime` reads a format of numbers; undefined for one with names, or with a field twice. */
export function timePattern(format: string): TimePattern | undefined {
  const fields: string[] = []
  let pattern = '^'
  for (const part of formatParts(format)) {
    if ('text' in part) pattern += part.text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
    else if (digits[part.field] === undefined || fields.includes(part.field)) return undefined
    else {
      pattern += digits[part.field]
      fields.push(part.field)
    }
  }
  return fields.includes('I') === fields.includes('p') && !(fields.includes('I') && fields.includes('H'))
    ? { pattern: `${pattern}$`, fields }
    : undefined
}
