import { LakefrontError } from '../errors.ts'
import { accessDenied, corsRefused, httpFailed, isCrossOrigin, networkFailed, notFound } from './http-errors.ts'
import { checkRange, checkUnchanged, count, sourceChanged } from './range.ts'
import { readBody } from './read-body.ts'
import { retrying } from './retry.ts'
import type { Attempt, RetryOptions } from './retry.ts'
import type { ByteSource, ObjectStat, ReadOptions, Traffic } from './storage.ts'

export interface HttpOptions {
  /** Sent with every request, such as an `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly retry?: RetryOptions
  /** A response that is silent for so long counts as lost. Default 30,000. */
  readonly stallMilliseconds?: number
  /** In place of the global `fetch`. */
  readonly fetch?: typeof fetch
}

/**
 * An object at an HTTP(S) URL, read by ranges.
 *
 * Its size and validator come from HEAD or, where that is refused, from a one-byte range. Each response must still carry the
 * validator first seen. A server that answers a range with everything is read once as a whole, with a warning.
 */
export function httpSource(url: string, options: HttpOptions = {}): ByteSource {
  return new HttpSource(url, options)
}

class HttpSource implements ByteSource {
  readonly label: string
  readonly gapBytes = 1024 * 1024
  readonly traffic: Traffic = { requests: 0, bytes: 0 }
  readonly warnings: string[] = []
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #options: HttpOptions
  readonly #crossOrigin: boolean
  #whole: { bytes: Uint8Array; etag: string | undefined } | undefined
  #headRefused = false
  #hasAnswered = false

  constructor(url: string, options: HttpOptions) {
    const parsed = new URL(url)
    const { username, password } = parsed
    parsed.username = parsed.password = parsed.hash = ''
    this.#url = parsed.href
    this.label = parsed.origin + parsed.pathname
    this.#headers = {
      ...(username === ''
        ? {}
        : { authorization: `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}` }),
      ...options.headers,
    }
    this.#options = options
    this.#crossOrigin = isCrossOrigin(parsed)
  }

  async stat({ signal, meter }: { signal?: AbortSignal; meter?: Traffic } = {}): Promise<ObjectStat> {
    signal?.throwIfAborted()
    // Looking again would mean to download everything again.
    if (this.#whole !== undefined && this.#headRefused) return statOf(this.#whole.bytes.length, this.#whole.etag)
    const stat = await this.#retrying(signal, async (attempt) => {
      const head = this.#headRefused ? undefined : await this.#head(attempt, meter)
      return head ?? this.#statByRange(attempt, meter)
    })
    const isOther = this.#whole?.etag !== stat.etag || this.#whole?.bytes.length !== stat.size
    if (isOther) this.#whole = undefined
    return stat
  }

  async read(start: number, end: number, options: ReadOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted()
    if (this.#whole !== undefined) return this.#fromWhole(this.#whole, { start, end }, options)
    if (start === end) return new Uint8Array()
    const answer = await this.#retrying(options.signal, (attempt) => this.#range({ start, end }, attempt, options))
    if (answer !== 'whole') return answer
    return this.#fromWhole(this.#whole!, { start, end }, options)
  }

  async #head(attempt: Attempt, meter: Traffic | undefined): Promise<ObjectStat | undefined> {
    const response = await this.#fetch('HEAD', {}, attempt)
    count([this.traffic, meter], 0)
    if (response.status === 404 || response.status === 410) throw notFound(this.label, response.status)
    if (response.status === 408 || response.status === 429 || response.status >= 502)
      throw httpFailed(this.label, response)
    const length = response.headers.get('content-length')
    if (!response.ok || length === null || response.headers.has('content-encoding')) {
      this.#headRefused = true
      return undefined
    }
    return statOf(Number(length), this.#validator(response))
  }

  async #statByRange(attempt: Attempt, meter: Traffic | undefined): Promise<ObjectStat> {
    const response = await this.#fetch('GET', { range: 'bytes=0-0' }, attempt)
    if (response.status === 416) {
      discard(response)
      return statOf(0, this.#validator(response))
    }
    this.#check(response)
    const total = totalOf(response)
    if (response.status === 206 && total !== undefined) {
      const body = await this.#body(response, 1, attempt)
      count([this.traffic, meter], body.length)
      return statOf(total, this.#validator(response))
    }
    if (response.status === 206) {
      throw new LakefrontError(
        'CORS',
        `The size of "${this.label}" is hidden from this page. The server must expose the headers Content-Range, Content-Length and ETag (Access-Control-Expose-Headers).`,
        { details: { source: this.label } },
      )
    }
    return this.#keepWhole(response, attempt, meter)
  }

  /** The bytes, or `'whole'` when the server sent everything and it was kept. */
  async #range(
    { start, end }: { start: number; end: number },
    attempt: Attempt,
    { ifMatch, meter }: ReadOptions,
  ): Promise<Uint8Array | 'whole'> {
    const pin = this.#strongEtag(ifMatch)
    const response = await this.#fetch(
      'GET',
      { range: `bytes=${start}-${end - 1}`, ...(pin === undefined ? {} : { 'if-match': pin }) },
      attempt,
    )
    if (response.status === 412 || response.status === 416) {
      discard(response)
      throw sourceChanged(this.label)
    }
    this.#check(response)
    checkUnchanged(this.label, this.#validator(response) ?? ifMatch, ifMatch)
    if (response.status !== 206) {
      await this.#keepWhole(response, attempt, meter)
      return 'whole'
    }
    const body = await this.#body(response, end - start, attempt)
    count([this.traffic, meter], body.length)
    const range = response.headers.get('content-range')
    if (range !== null && !range.startsWith(`bytes ${start}-${end - 1}/`)) {
      throw networkFailed(this.label, `answered bytes ${start}-${end - 1} with "${range.slice(0, 60)}"`)
    }
    if (body.length !== end - start) {
      throw networkFailed(this.label, `sent ${body.length} of ${end - start} bytes`)
    }
    return body
  }

  async #keepWhole(response: Response, attempt: Attempt, meter: Traffic | undefined): Promise<ObjectStat> {
    const declared = response.headers.has('content-encoding') ? null : response.headers.get('content-length')
    const bytes = await this.#body(response, declared === null ? Infinity : Number(declared), attempt)
    count([this.traffic, meter], bytes.length)
    if (declared !== null && bytes.length !== Number(declared)) {
      throw networkFailed(this.label, `sent ${bytes.length} of ${declared} bytes`)
    }
    const etag = this.#validator(response)
    this.#whole = { bytes, etag }
    const warning = `"${this.label}" was downloaded whole (${bytes.length} bytes): its server ignores range requests.`
    if (!this.warnings.includes(warning)) this.warnings.push(warning)
    return statOf(bytes.length, etag)
  }

  #fromWhole(
    whole: { bytes: Uint8Array; etag: string | undefined },
    { start, end }: { start: number; end: number },
    { ifMatch }: ReadOptions,
  ): Uint8Array {
    checkUnchanged(this.label, whole.etag ?? ifMatch, ifMatch)
    checkRange({ label: this.label, size: whole.bytes.length }, start, end)
    return whole.bytes.slice(start, end)
  }

  async #fetch(method: string, headers: Record<string, string>, { signal }: Attempt): Promise<Response> {
    const send = this.#options.fetch ?? fetch
    try {
      const response = await send(this.#url, {
        method,
        headers: { ...this.#headers, ...headers },
        // A cached answer of an older version would look like a change, again and again.
        cache: 'no-store',
        signal,
      })
      this.#hasAnswered = true
      return response
    } catch (cause) {
      signal.throwIfAborted()
      const isRefused = this.#crossOrigin && !this.#hasAnswered
      throw isRefused ? corsRefused(this.label, cause) : networkFailed(this.label, 'did not answer', cause)
    }
  }

  async #body(response: Response, limit: number, { signal, alive }: Attempt): Promise<Uint8Array> {
    try {
      return await readBody(response, limit, alive)
    } catch (cause) {
      signal.throwIfAborted()
      throw networkFailed(this.label, 'broke off its answer', cause)
    }
  }

  #check(response: Response): void {
    if (response.ok) return
    discard(response)
    if (response.status === 404 || response.status === 410) throw notFound(this.label, response.status)
    if (response.status === 401 || response.status === 403) throw accessDenied(this.label, response.status)
    throw httpFailed(this.label, response)
  }

  /** The ETag; without one, what else would change with the content. A weak or derived one also names the query it is of. */
  #validator(response: Response): string | undefined {
    const etag = response.headers.get('etag')
    if (etag !== null && !etag.startsWith('W/')) return etag
    const modified = etag ?? response.headers.get('last-modified')
    return modified === null ? undefined : `${modified} of ${fingerprint(new URL(this.#url).search)}`
  }

  /** What If-Match can carry. Another origin would need a preflight for it: there, only the answers are checked. */
  #strongEtag(ifMatch: string | undefined): string | undefined {
    return ifMatch?.startsWith('"') === true && !this.#crossOrigin ? ifMatch : undefined
  }

  #retrying<T>(signal: AbortSignal | undefined, run: (attempt: Attempt) => Promise<T>): Promise<T> {
    return retrying(run, {
      ...this.#options.retry,
      label: this.label,
      stallMilliseconds: this.#options.stallMilliseconds ?? 30_000,
      ...(signal === undefined ? {} : { signal }),
    })
  }
}

/** Frees the connection of an answer nobody reads. */
function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined)
}

function statOf(size: number, etag: string | undefined): ObjectStat {
  return etag === undefined ? { size } : { size, etag }
}

function totalOf(response: Response): number | undefined {
  const total = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
  return total === undefined ? undefined : Number(total)
}

/** FNV-1a, so that no part of a signed query is kept. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(16)
}
