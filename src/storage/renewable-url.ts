import { LakefrontError } from '../errors.ts'
import { orAborted } from './or-aborted.ts'
import type { Attempt } from './retry.ts'

/** Gives another URL of the object that is called `label` in messages: its URL without query string. */
export type RenewUrl = (label: string) => Promise<string>

/** The URL of an object, which may expire. No part of its query ever leaves this class but in requests. */
export class RenewableUrl {
  readonly #label: string
  readonly #renew: RenewUrl | undefined
  #current: URL
  #renewing: Promise<void> | undefined

  constructor(url: URL, label: string, renew: RenewUrl | undefined) {
    this.#current = url
    this.#label = label
    this.#renew = renew
  }

  get current(): URL {
    return this.#current
  }

  /** Replaces `refused`, unless that was done meanwhile; requests that were refused at once renew it together. */
  async renew(refused: URL, attempt: Attempt): Promise<void> {
    if (this.#current !== refused) return
    this.#renewing ??= this.#ask().finally(() => {
      this.#renewing = undefined
    })
    attempt.alive()
    await orAborted(this.#renewing, attempt.signal)
    attempt.alive()
  }

  async #ask(): Promise<void> {
    let given: unknown
    try {
      given = await this.#renew!(this.#label)
    } catch (cause) {
      throw this.#failed('PERMISSION_DENIED', 'storage.renewUrl failed to give another', cause)
    }
    const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      throw this.#failed('INVALID_ARGUMENT', 'storage.renewUrl gave no http: or https: URL')
    }
    this.#current = url
  }

  #failed(code: 'PERMISSION_DENIED' | 'INVALID_ARGUMENT', what: string, cause?: unknown): LakefrontError {
    return new LakefrontError(code, `The URL of "${this.#label}" was refused, and ${what}.`, {
      details: { source: this.#label },
      ...(cause === undefined ? {} : { cause }),
    })
  }
}
