import { LakefrontError } from '../errors.ts'

/** An object, by the place it is in and its key there. */
export interface NameInPlace {
  /** As {@link openPlace} takes it; ends in `/`. */
  readonly place: string
  readonly key: string
}

/** Where the keys of a scheme begin, which may hold any character then, and what that looks like. */
const roots: Readonly<Record<string, readonly [start: RegExp, form: string]>> = {
  memory: [/^memory:\/*/i, 'memory:/'],
  opfs: [/^opfs:\/*/i, 'opfs:/'],
  folder: [/^folder:\/*[^/]+\/+/i, 'folder:name/'],
  s3: [/^s3:\/\/[^/]+\//i, 's3://bucket/'],
  az: [/^az:\/\/[^/]+\//i, 'az://container/'],
  r2: [/^r2:\/\/[^/]+\//i, 'r2://bucket/'],
}

/**
 * `s3://bucket/a/b.parquet` as `s3://bucket/` and `a/b.parquet`: the whole path is the key where a place has no folders of its own. Of paths, and of
 * `file:` and `https:` URLs, the key is the last name, which URLs have encoded.
 *
 * Fails with `INVALID_ARGUMENT` when there is no name, in words about `given`, which the reference was made of.
 */
export function nameInPlace(reference: string, given: string = reference): NameInPlace {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(reference)?.[1]?.toLowerCase()
  const root = scheme !== undefined && Object.hasOwn(roots, scheme) ? roots[scheme] : undefined
  const name = root === undefined ? lastName(reference, scheme) : below(reference, root[0])
  if (name !== undefined && name.key !== '' && !name.key.endsWith('/')) return name
  const form = root?.[1] ?? (scheme === undefined ? 'folder/' : `${scheme}://`)
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `"${given.split(/[?#]/, 1)[0]}" names no file; it looks like "${form}file.parquet".`,
  )
}

function below(reference: string, root: RegExp): NameInPlace | undefined {
  const place = root.exec(reference)?.[0]
  return place === undefined
    ? undefined
    : { place: place.endsWith('/') ? place : `${place}/`, key: reference.slice(place.length) }
}

function lastName(reference: string, scheme: string | undefined): NameInPlace | undefined {
  if (scheme === undefined) {
    const end = Math.max(reference.lastIndexOf('/'), reference.lastIndexOf('\\')) + 1
    return { place: end === 0 ? './' : reference.slice(0, end), key: reference.slice(end) }
  }
  if (!URL.canParse(reference)) return undefined
  const [path = '', query = ''] = reference.split(/(?=[?#])/, 2)
  const end = path.lastIndexOf('/') + 1
  try {
    return { place: path.slice(0, end) + query, key: decodeURIComponent(path.slice(end)) }
  } catch {
    return undefined
  }
}
