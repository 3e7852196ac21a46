import { LakefrontError } from '../../errors.ts'

/** Where a lake is: a folder, and the file of its catalog there. */
export interface LakePlace {
  /** As a session opens places; ends in `/`, before the query of a URL that has one. */
  readonly folder: string
  readonly key: string
}

const defaultKey = 'catalog.ducklake'

/** The place that a user names: a folder, or a file whose name ends in `.ducklake`, `.duckdb` or `.db`. */
export function lakePlace(url: string): LakePlace {
  if (typeof url !== 'string' || url === '') {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `A lake is a folder or a .ducklake file, such as 'opfs:/lake', './lake' or 's3://bucket/lake/catalog.ducklake'.`,
    )
  }
  const [path = '', query = ''] = /^https?:/i.test(url) ? url.split(/(?=[?#])/, 2) : [url]
  const file = /^(.*[/\\:])?([^/\\]+\.(?:ducklake|duckdb|db))$/i.exec(path)
  if (file === null) return { folder: `${path.replace(/\/+$/, '')}/${query}`, key: defaultKey }
  return { folder: (file[1] ?? '../') + query, key: isEncoded(path) ? decodeURIComponent(file[2]!) : file[2]! }
}

/** The reference of a path below a folder, or of the path itself where it is no relative one. */
export function referenceIn(folder: string, path: string): string {
  if (isAbsolute(path)) return path
  const [base = '', query = ''] = isEncoded(folder) ? folder.split(/(?=[?#])/, 2) : [folder]
  return base + (isEncoded(folder) ? path.split('/').map(encodeURIComponent).join('/') : path) + query
}

/** Whether a path says by itself where it is: a URL, or one from the root of a disk. */
export function isAbsolute(path: string): boolean {
  return /^(?:[a-z][a-z0-9+.-]+:|\/|[a-z]:[/\\])/i.test(path)
}

/** Whether names in what is below are encoded as in URLs. */
function isEncoded(folder: string): boolean {
  return /^(?:file|https?):/i.test(folder)
}
