import type { LakeCalls, OpenLakeRequest } from '../lake/lake-calls.ts'

/** The lakes that are open, so that a new worker can open them again. */
export class OpenedLakes {
  readonly #requests = new Map<string, OpenLakeRequest>()

  get opened(): readonly OpenLakeRequest[] {
    return [...this.#requests.values()]
  }

  /** Call with each call that has succeeded. */
  remember<Name extends keyof LakeCalls>(name: Name, argument: LakeCalls[Name]['argument']): void {
    if (name === 'open') {
      const request = argument as OpenLakeRequest
      this.#requests.set(request.name.toLowerCase(), { ...request, create: false })
    }
    if (name === 'close') this.#requests.delete((argument as LakeCalls['close']['argument']).lake.toLowerCase())
  }
}
