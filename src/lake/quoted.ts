/** A name as SQL has it. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text as SQL has it. */
export function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
