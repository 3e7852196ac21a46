import { LakefrontError } from '../errors.ts'
import type { ByteRange } from './coalesce.ts'
import {
  checkStatus,
  contentRange,
  declaredLength,
  discard,
  fingerprint,
  isAll,
  isEncoded,
  refuseEncoded,
  statOf,
} from './http-answer.ts'
import {
  corsRefused,
  httpFailed,
  isCrossOrigin,
  networkFailed,
  notFound,
  tooLargeWhole,
  unreachable,
} from './http-errors.ts'
import { Link } from './link.ts'
import { checkRange, checkUnchanged, count, sourceChanged } from './range.ts'
import { readBody } from './read-body.ts'
import { RenewableUrl } from './renewable-url.ts'
import type { RenewUrl } from './renewable-url.ts'
import { retrying } from './retry.ts'
import type { Attempt, RetryOptions } from './retry.ts'
import type { ByteSource, ObjectStat, ReadOptions, StatOptions, Traffic } from './storage.ts'
import { storeFailure } from './store-failure.ts'

export interface HttpOptions {
  /** What to call the object in messages. Default: its URL, without query and credentials. */
  readonly label?: string
  /** Sent with every request, such as an `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly retry?: RetryOptions
  /** A response that is silent for so long counts as lost. Default 30,000. */
  readonly stallMilliseconds?: number
  /** In place of the global `fetch`. */
  readonly fetch?: typeof fetch
  /** Shared by all sources of one server. */
  readonly link?: Link
  /** Asked for another URL of the same object when one is refused with 401 or 403. */
  readonly renew?: RenewUrl
  /** What a user should know before anything is read. */
  readonly warnings?: readonly string[]
  /** Gives requests the right to be made. */
  readonly access?: HttpAccess
}

/** Proves who asks, anew for every request. */
export interface HttpAccess {
  sign(request: {
    readonly method: string
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
  }): Promise<AllowedRequest>
}

/** A request as it has to be made. */
export interface AllowedRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** It was refused with 400, 401 or 403: whether signing it anew can help, as keys and URLs expire. */
  renew(): boolean
}

/** A source behind a network: its first look can bring the end of the object along. */
export interface NetworkSource extends ByteSource {
  /**
   * As {@link ByteSource.stat}, in one request together with the last `length` bytes where the server can do that. An object that is
   * read as a whole has no tail.
   */
  statWithTail(length: number, options?: StatOptions): Promise<{ stat: ObjectStat; tail?: Uint8Array }>
}

/** The most that is downloaded from a server that cannot send parts: when it says how much there is, and when it does not. */
const wholeBytes = { declared: 1024 ** 3, undeclared: 256 * 1024 ** 2 }

/**
 * An object at an HTTP(S) URL, read by ranges.
 *
 * Its size and validator come from HEAD or, where that is refused, from a one-byte range. Each response must still carry the
 * validator first seen. A server that answers a range with everything is read once as a whole, with a warning.
 */
export function httpSource(url: string, options: HttpOptions = {}): NetworkSource {
  return new HttpSource(url, options)
}

interface Cost {
  readonly meter?: Traffic | undefined
  readonly scope?: StatOptions['scope'] | undefined
}

class HttpSource implements NetworkSource {
  readonly label: string
  readonly traffic: Traffic = { requests: 0, bytes: 0 }
  readonly warnings: string[] = []
  readonly #url: RenewableUrl
  readonly #link: Link
  readonly #headers: Readonly<Record<string, string>>
  readonly #options: HttpOptions
  /** What a validator that is not of the content alone is of. Kept when the URL is renewed. */
  readonly #query: string
  #whole: { bytes: Uint8Array; etag: string | undefined } | undefined
  #size: number | undefined
  #headRefused = false
  #hasAnswered = false

  constructor(url: string, options: HttpOptions) {
    const parsed = new URL(url)
    const { username, password } = parsed
    parsed.username = parsed.password = parsed.hash = ''
    this.label = options.label ?? parsed.origin + parsed.pathname
    this.#url = new RenewableUrl(parsed, this.label, options.renew)
    this.#query = fingerprint(parsed.search)
    this.#headers = {
      ...(username === ''
        ? {}
        : { authorization: `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}` }),
      ...options.headers,
    }
    this.warnings.push(...(options.warnings ?? []))
    this.#options = options
    this.#link = options.link ?? new Link()
  }

  get gapBytes(): number {
    return this.#link.gapBytes
  }

  async stat(options: StatOptions = {}): Promise<ObjectStat> {
    options.signal?.throwIfAborted()
    const stat = await this.#retrying(options.signal, async (attempt) => {
      if (this.#whole !== undefined && this.#headRefused) return this.#revalidateWhole(this.#whole, attempt, options)
      const head = this.#headRefused ? undefined : await this.#head(attempt, options)
      return head ?? this.#statByRange(attempt, options)
    })
    return this.#noteStat(stat)
  }

  async statWithTail(length: number, options: StatOptions = {}): Promise<{ stat: ObjectStat; tail?: Uint8Array }> {
    options.signal?.throwIfAborted()
    // "bytes=-n" is a range that other origins would have to allow in a preflight, a round trip like the HEAD it saves.
    if (this.#whole !== undefined || this.#isCrossOrigin) return { stat: await this.stat(options) }
    const found = await this.#retrying(options.signal, (attempt) => this.#tail(length, attempt, options))
    if (found === undefined) return { stat: await this.stat(options) }
    this.#noteStat(found.stat)
    return found
  }

  async read(start: number, end: number, options: ReadOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted()
    if (this.#whole !== undefined) return this.#fromWhole(this.#whole, { start, end }, options)
    if (start === end) return new Uint8Array()
    const answer = await this.#retrying(options.signal, (attempt) => this.#range({ start, end }, attempt, options))
    if (answer !== 'whole') return answer
    return this.#fromWhole(this.#whole!, { start, end }, options)
  }

  get #isCrossOrigin(): boolean {
    return isCrossOrigin(this.#url.current)
  }

  #noteStat(stat: ObjectStat): ObjectStat {
    this.#size = stat.size
    const isOther = this.#whole?.etag !== stat.etag || this.#whole?.bytes.length !== stat.size
    if (isOther) this.#whole = undefined
    return stat
  }

  #head(attempt: Attempt, cost: Cost): Promise<ObjectStat | undefined> {
    return this.#exchange({ method: 'HEAD', expects: 0 }, attempt, cost, async (response) => {
      this.#count(cost, 0)
      if (response.status === 404 || response.status === 410) throw notFound(this.label, response.status)
      if (response.status === 408 || response.status === 429 || response.status >= 502)
        throw httpFailed(this.label, response)
      const length = declaredLength(response)
      if (response.ok && length !== undefined) return statOf(length, this.#validator(response))
      this.#headRefused = true
      return undefined
    })
  }

  /** Undefined when the server does not know such ranges, or sent something else. */
  #tail(length: number, attempt: Attempt, cost: Cost): Promise<{ stat: ObjectStat; tail?: Uint8Array } | undefined> {
    const request = { method: 'GET', headers: { range: `bytes=-${length}` }, expects: length }
    return this.#exchange(request, attempt, cost, async (response) => {
      const declared = declaredLength(response)
      if (response.status === 200 && declared !== undefined && declared <= length) {
        return { stat: await this.#keepWhole(response, attempt, cost, length) }
      }
      if (![200, 206, 400, 416, 501].includes(response.status)) await this.#check(response)
      const range = response.status === 206 && !isEncoded(response) ? contentRange(response) : undefined
      const sent = range === undefined ? 0 : range.end - range.start
      if (range?.total === undefined || range.end !== range.total || sent > length) {
        discard(response)
        this.#count(cost, 0)
        return undefined
      }
      const tail = await this.#body(response, sent, attempt)
      this.#count(cost, tail.length)
      if (tail.length !== sent) throw networkFailed(this.label, `sent ${tail.length} of ${sent} bytes`)
      return { stat: statOf(range.total, this.#validator(response)), tail }
    })
  }

  #statByRange(attempt: Attempt, cost: Cost): Promise<ObjectStat> {
    const request = { method: 'GET', headers: { range: 'bytes=0-0' }, expects: 1 }
    return this.#exchange(request, attempt, cost, async (response) => {
      if (response.status === 416) {
        discard(response)
        return statOf(0, this.#validator(response))
      }
      await this.#check(response)
      const range = contentRange(response)
      if (response.status !== 206 || isAll(range)) {
        return range?.total === 1 ? this.#oneByte(response, attempt, cost) : this.#keepWhole(response, attempt, cost)
      }
      refuseEncoded(this.label, response)
      if (range?.total !== undefined) {
        const body = await this.#body(response, 1, attempt)
        this.#count(cost, body.length)
        return statOf(range.total, this.#validator(response))
      }
      throw new LakefrontError(
        'CORS',
        `The size of "${this.label}" is hidden from this page. The server must expose the headers Content-Range, Content-Length and ETag (Access-Control-Expose-Headers).`,
        { details: { source: this.label } },
      )
    })
  }

  async #oneByte(response: Response, attempt: Attempt, cost: Cost): Promise<ObjectStat> {
    const body = await this.#body(response, 1, attempt)
    this.#count(cost, body.length)
    return statOf(1, this.#validator(response))
  }

  /** The bytes, or `'whole'` when the server sent everything and it was kept. */
  #range(range: ByteRange, attempt: Attempt, options: ReadOptions): Promise<Uint8Array | 'whole'> {
    const { start, end } = range
    const { ifMatch } = options
    const pin = this.#strongEtag(ifMatch)
    const headers = { range: `bytes=${start}-${end - 1}`, ...(pin === undefined ? {} : { 'if-match': pin }) }
    return this.#exchange({ method: 'GET', headers, expects: end - start }, attempt, options, async (response) => {
      if (response.status === 412 || response.status === 416) {
        discard(response)
        throw sourceChanged(this.label)
      }
      await this.#check(response)
      checkUnchanged(this.label, this.#validator(response) ?? ifMatch, ifMatch)
      const sent = contentRange(response)
      const isWhole = response.status !== 206 || (isAll(sent) && sent.total !== end - start)
      if (isWhole) {
        await this.#keepWhole(response, attempt, options, end - start)
        return 'whole'
      }
      refuseEncoded(this.label, response)
      this.#checkSent(response, range)
      const body = await this.#body(response, end - start, attempt)
      this.#count(options, body.length)
      if (body.length === end - start) return body
      throw networkFailed(this.label, `sent ${body.length} of ${end - start} bytes`)
    })
  }

  #checkSent(response: Response, { start, end }: ByteRange): void {
    const sent = contentRange(response)
    if (sent === undefined) return
    if (sent.total !== undefined && this.#size !== undefined && sent.total !== this.#size) {
      discard(response)
      // Either the object changed or one of the two answers lied; the one to a HEAD is the one to do without.
      this.#headRefused = true
      throw sourceChanged(this.label)
    }
    if (sent.start !== start || sent.end !== end) {
      discard(response)
      const got = `bytes ${sent.start}-${sent.end - 1}/${sent.total ?? '*'}`
      throw networkFailed(this.label, `answered bytes ${start}-${end - 1} with "${got}"`)
    }
  }

  /** Throws what an answer without success means; stores that requests are signed for tell why in its body. */
  async #check(response: Response): Promise<void> {
    if (response.ok || this.#options.access === undefined) return checkStatus(this.label, response)
    throw (await storeFailure(this.label, response)).error
  }

  /** An object that was downloaded whole is asked for again under the condition that it changed. */
  async #revalidateWhole(
    whole: { bytes: Uint8Array; etag: string | undefined },
    attempt: Attempt,
    cost: Cost,
  ): Promise<ObjectStat> {
    const kept = statOf(whole.bytes.length, whole.etag)
    const pin = this.#strongEtag(whole.etag)
    if (pin === undefined) return kept
    const request = { method: 'GET', headers: { 'if-none-match': pin }, expects: 0 }
    return this.#exchange(request, attempt, cost, async (response) => {
      if (response.status !== 304) {
        await this.#check(response)
        return this.#keepWhole(response, attempt, cost)
      }
      discard(response)
      this.#count(cost, 0)
      return kept
    })
  }

  async #keepWhole(response: Response, attempt: Attempt, cost: Cost, booked = 0): Promise<ObjectStat> {
    const declared = declaredLength(response)
    const limit = declared === undefined ? wholeBytes.undeclared : wholeBytes.declared
    if ((declared ?? 0) > limit) {
      discard(response)
      throw tooLargeWhole(this.label, limit)
    }
    const release = cost.scope?.book(this.label, Math.max(0, (declared ?? 0) - booked), 0)
    try {
      const bytes = await this.#body(response, declared ?? limit, attempt)
      this.#count(cost, bytes.length)
      if (declared === undefined && bytes.length > limit) throw tooLargeWhole(this.label, limit)
      if (declared !== undefined && bytes.length !== declared) {
        throw networkFailed(this.label, `sent ${bytes.length} of ${declared} bytes`)
      }
      const etag = this.#validator(response)
      this.#whole = { bytes, etag }
      const warning = `"${this.label}" was downloaded whole (${bytes.length} bytes): its server ignores range requests.`
      if (!this.warnings.includes(warning)) this.warnings.push(warning)
      return statOf(bytes.length, etag)
    } finally {
      release?.()
    }
  }

  #fromWhole(
    whole: { bytes: Uint8Array; etag: string | undefined },
    { start, end }: ByteRange,
    { ifMatch }: ReadOptions,
  ): Uint8Array {
    checkUnchanged(this.label, whole.etag ?? ifMatch, ifMatch)
    checkRange({ label: this.label, size: whole.bytes.length }, start, end)
    return whole.bytes.slice(start, end)
  }

  /** One request, from its place in the statement's account to the last byte that `use` reads of the answer. */
  async #exchange<T>(
    request: { method: string; headers?: Record<string, string>; expects: number },
    attempt: Attempt,
    { scope }: Cost,
    use: (response: Response) => Promise<T>,
  ): Promise<T> {
    const release = scope?.book(this.label, request.expects)
    try {
      return await use(await this.#fetch(request.method, request.headers ?? {}, attempt))
    } finally {
      release?.()
    }
  }

  async #fetch(method: string, headers: Record<string, string>, attempt: Attempt): Promise<Response> {
    const url = this.#url.current
    const all = { ...this.#headers, ...headers }
    const { access, renew } = this.#options
    if (access !== undefined) {
      const request = { method, url: url.href, headers: all }
      const allowed = await access.sign(request)
      const response = await this.#send(method, allowed, attempt)
      if (![400, 401, 403].includes(response.status) || !allowed.renew()) return response
      discard(response)
      return this.#send(method, await access.sign(request), attempt)
    }
    const response = await this.#send(method, { url: url.href, headers: all }, attempt)
    // A URL that is signed for GET alone refuses HEAD for ever.
    const isRefused = method === 'GET' && (response.status === 401 || response.status === 403)
    if (!isRefused || renew === undefined) return response
    discard(response)
    await this.#url.renew(url, attempt)
    return this.#send(method, { url: this.#url.current.href, headers: all }, attempt)
  }

  async #send(
    method: string,
    { url, headers }: Pick<AllowedRequest, 'url' | 'headers'>,
    { signal }: Attempt,
  ): Promise<Response> {
    const send = this.#options.fetch ?? fetch
    const started = performance.now()
    try {
      const response = await send(url, {
        method,
        headers,
        // A cached answer of an older version would look like a change, again and again.
        cache: 'no-store',
        signal,
      })
      this.#hasAnswered = true
      this.#link.sawAnswer(performance.now() - started)
      return response
    } catch (cause) {
      signal.throwIfAborted()
      const isRefused = isCrossOrigin(new URL(url)) && !this.#hasAnswered
      throw isRefused ? corsRefused(this.label, cause) : unreachable(this.label, cause)
    }
  }

  async #body(response: Response, limit: number, { signal, alive }: Attempt): Promise<Uint8Array> {
    const started = performance.now()
    try {
      const bytes = await readBody(response, limit, alive)
      this.#link.sawBody(bytes.length, performance.now() - started)
      return bytes
    } catch (cause) {
      signal.throwIfAborted()
      throw networkFailed(this.label, 'broke off its answer', cause)
    }
  }

  #count({ meter, scope }: Cost, bytes: number): void {
    count([this.traffic, meter, scope], bytes)
  }

  /** The ETag; without one, what else would change with the content. A weak or derived one also names the query it is of. */
  #validator(response: Response): string | undefined {
    const etag = response.headers.get('etag')
    if (etag !== null && !etag.startsWith('W/')) return etag
    const modified = etag ?? response.headers.get('last-modified')
    return modified === null ? undefined : `${modified} of ${this.#query}`
  }

  /** What If-Match can carry. Another origin would need a preflight for it: there, only the answers are checked. */
  #strongEtag(ifMatch: string | undefined): string | undefined {
    return ifMatch?.startsWith('"') === true && !this.#isCrossOrigin ? ifMatch : undefined
  }

  #retrying<T>(signal: AbortSignal | undefined, run: (attempt: Attempt) => Promise<T>): Promise<T> {
    return retrying(run, {
      ...this.#options.retry,
      label: this.label,
      stallMilliseconds: this.#options.stallMilliseconds ?? 30_000,
      enter: (given) => this.#link.enter(given),
      ...(signal === undefined ? {} : { signal }),
    })
  }
}
