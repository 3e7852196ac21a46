import type { ByteRange } from './coalesce.ts'
import { accessDenied, httpFailed, notFound, wrongAnswer } from './http-errors.ts'
import type { ObjectStat } from './storage.ts'

/** Frees the connection of an answer nobody reads. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined)
}

export function statOf(size: number, etag: string | undefined): ObjectStat {
  return etag === undefined ? { size } : { size, etag }
}

/** What a 206 says it holds; `total` where the server tells. Undefined when the header is missing, hidden or malformed. */
export function contentRange(response: Response): (ByteRange & { readonly total?: number }) | undefined {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? []
  if (first === undefined) return undefined
  return { start: Number(first), end: Number(last) + 1, ...(total === '*' ? {} : { total: Number(total) }) }
}

/** The length a body is said to have; undefined when it is not said or of the compressed body. */
export function declaredLength(response: Response): number | undefined {
  const length = response.headers.get('content-length')
  return length === null || isEncoded(response) || !/^\d+$/.test(length) ? undefined : Number(length)
}

/** Whether the body was compressed on its way, so that lengths and offsets are not those of the object. */
export function isEncoded(response: Response): boolean {
  const encoding = response.headers.get('content-encoding')
  return encoding !== null && encoding !== '' && encoding !== 'identity'
}

/** Throws what an answer without success means. */
export function checkStatus(label: string, response: Response): void {
  if (response.ok) return
  discard(response)
  if (response.status === 404 || response.status === 410) throw notFound(label, response.status)
  if (response.status === 401 || response.status === 403) throw accessDenied(label, response.status)
  throw httpFailed(label, response)
}

/** Throws for a part that was compressed by itself. */
export function refuseEncoded(label: string, response: Response): void {
  if (!isEncoded(response)) return
  discard(response)
  throw wrongAnswer(
    label,
    'compresses the parts it sends (Content-Encoding), so that they cannot be put together. Turn compression off for this file there',
  )
}

/** Whether a part is everything. */
export function isAll(
  range: (ByteRange & { readonly total?: number }) | undefined,
): range is ByteRange & { total: number } {
  return range !== undefined && range.start === 0 && range.end === range.total
}

/** FNV-1a, so that no part of a signed query is kept. */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(16)
}
