/**
 * The texts of all elements of a name, with the elements in them left as they are. Enough for the answers of object stores, which nest no
 * element in one of its own name.
 */
export function elements(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g'))].map((match) => match[1]!)
}

/** The text of the first element of a name. */
export function element(xml: string, name: string): string | undefined {
  const text = elements(xml, name)[0]
  return text === undefined ? undefined : plain(text)
}

/** Text as it may stand in an element. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
}

/** A time as lists have it, as a part of their entries. */
export function modifiedAt(text: string | undefined): { readonly modified?: number } {
  const modified = Date.parse(text ?? '')
  return Number.isNaN(modified) ? {} : { modified }
}

function plain(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return named[name] ?? whole
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))
  })
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
