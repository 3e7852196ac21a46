/** A name as SQL has it. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text as SQL has it. */
export function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** The text that a literal of SQL means, or undefined for SQL that is no plain text. */
export function unquotedText(sql: string): string | undefined {
  return /^'((?:[^']|'')*)'$/.exec(sql)?.[1]?.replaceAll("''", "'")
}

/** A value as SQL, which is planned once, where a parameter is planned twice; nothing for text that SQL cannot hold. */
export function literal(value: null | boolean | number | bigint | string): string | undefined {
  if (typeof value !== 'string') return String(value)
  return value.includes('\0') ? undefined : quotedText(value)
}
