import { isLakefrontError } from '../errors.ts'
import type { LakefrontError } from '../errors.ts'
import { corsFailure } from './cors-diagnosis.ts'
import { discard } from './http-answer.ts'
import { isCrossOrigin, networkFailed, unreachable } from './http-errors.ts'
import type { AllowedRequest } from './http.ts'
import type { Link } from './link.ts'
import { retrying } from './retry.ts'
import type { Attempt, RetryOptions } from './retry.ts'
import type { S3Access } from './s3-access.ts'
import { storeFailure } from './store-failure.ts'
import { s3Encode, sha256Hex } from './s3-sign.ts'

/** One request to a store, as often as it takes. */
export interface StoreRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** What it is about, in messages. */
  readonly label: string
  /** Empty for the bucket. */
  readonly key: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly signal?: AbortSignal | undefined
  /** Statuses without success that `use` takes, too. */
  readonly accepts?: readonly number[]
  /** Set when a try may have had its effect although it was not answered. */
  readonly fate?: { isUncertain: boolean }
}

export interface StoreClientOptions {
  readonly bucket: string
  /** The URL of a key; of the bucket for an empty one. */
  readonly urlOf: (key: string) => string
  readonly access: S3Access
  readonly link: Link
  readonly retry?: RetryOptions
  readonly stallMilliseconds?: number
  readonly fetch?: typeof fetch
}

/** A body has at least a second for so many bytes. */
const slowestBytesPerSecond = 32 * 1024

/** Makes requests to one bucket: signed, tried again when the reason passes, with errors that say what the store meant. */
export class StoreClient {
  readonly #options: StoreClientOptions
  /** Methods that the store has answered this page. */
  readonly #answered = new Set<string>()

  constructor(options: StoreClientOptions) {
    this.#options = options
  }

  get isByUrl(): boolean {
    return this.#options.access.isByUrl
  }

  /** What `use` makes of the answer, which has a success's status or one of those that the request accepts. */
  send<T>(request: StoreRequest, use: (response: Response, attempt: Attempt) => Promise<T>): Promise<T> {
    const { link, retry, stallMilliseconds = 30_000 } = this.#options
    const { label, signal, body } = request
    return retrying((attempt) => this.#try(request, attempt, use), {
      ...retry,
      label,
      stallMilliseconds: stallMilliseconds + ((body?.length ?? 0) / slowestBytesPerSecond) * 1000,
      enter: (given) => link.enter(given),
      ...(signal === undefined ? {} : { signal }),
    })
  }

  async #try<T>(
    request: StoreRequest,
    attempt: Attempt,
    use: (response: Response, attempt: Attempt) => Promise<T>,
  ): Promise<T> {
    for (let isRenewed = false; ; isRenewed = true) {
      const allowed = await this.#allowed(request)
      const response = await this.#fetch(request, allowed, attempt)
      if (response.ok || request.accepts?.includes(response.status) === true) {
        return this.#use(request, () => use(response, attempt))
      }
      const failure = await storeFailure(request.label, response)
      if (isRenewed || !failure.isRefusal || !allowed.renew()) throw this.#failed(request, failure)
    }
  }

  #failed(request: StoreRequest, failure: Awaited<ReturnType<typeof storeFailure>>): LakefrontError {
    if (failure.isUncertain && request.fate !== undefined) request.fate.isUncertain = true
    return failure.error
  }

  async #use<T>({ fate }: StoreRequest, use: () => Promise<T>): Promise<T> {
    try {
      return await use()
    } catch (error) {
      const isSaid = isLakefrontError(error) && error.details['storeCode'] !== undefined
      if (fate !== undefined && (!isSaid || error.details['transient'] === true)) fate.isUncertain = true
      throw error
    }
  }

  async #allowed({ method, key, query = {}, headers = {}, body }: StoreRequest): Promise<AllowedRequest> {
    const { access, bucket, urlOf } = this.#options
    const url = new URL(urlOf(key))
    // In the query of a URL, a plus would be a space to some stores only.
    url.search = Object.entries(query)
      .map(([name, value]) => `${s3Encode(name)}=${s3Encode(value)}`)
      .join('&')
    return access.sign({
      method,
      url: url.href,
      headers,
      ask: { bucket, key, query },
      ...(body === undefined || access.isByUrl ? {} : { bodyHash: await sha256Hex(body) }),
    })
  }

  async #fetch(
    { method, label, body, fate }: StoreRequest,
    { url, headers }: AllowedRequest,
    { signal, alive }: Attempt,
  ): Promise<Response> {
    const began = performance.now()
    try {
      const response = await (this.#options.fetch ?? fetch)(url, {
        method,
        headers,
        ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
        cache: 'no-store',
        signal,
      })
      alive()
      this.#answered.add(method)
      if (body === undefined) this.#options.link.sawAnswer(performance.now() - began)
      return response
    } catch (cause) {
      const isOwn = signal.aborted || !isCrossOrigin(new URL(url))
      const refused = isOwn
        ? undefined
        : await corsFailure({ label, method, url, headers, signal }).catch(() => undefined)
      // That it is the method is told by what is left: not of one that was answered before.
      const failure = refused?.details['by'] === 'method' && this.#answered.has(method) ? undefined : refused
      // What the browser does not let pass is not sent.
      if (fate !== undefined && failure === undefined) fate.isUncertain = true
      signal.throwIfAborted()
      if (isOwn) throw unreachable(label, cause)
      // A server that has answered this page before, and allows all of this, was out of reach only now.
      throw failure ?? (this.#answered.size > 0 ? networkFailed(label, 'broke off', cause) : unreachable(label, cause))
    }
  }
}

/** Reads nothing of an answer. */
export async function nothing(response: Response): Promise<void> {
  discard(response)
}
