import { wrap } from 'comlink'
import type { Remote } from 'comlink'
import { errorToWire, isLakefrontError, LakefrontError } from '../errors.ts'
import type { Progress } from '../engine/engine.ts'
import type { AskMessage, EngineService, ProgressMessage } from './engine-service.ts'
import type { StorageCalls } from '../storage/open-storage.ts'
import { installErrorTransfer } from './error-transfer.ts'
import { watchLifeline } from './lifeline.ts'
import { losePatience } from './patience.ts'
import { PendingCalls } from './pending-calls.ts'
import type { WorkerFailure, WorkerHandle } from './worker-handle.ts'

/** Deadlines of a connection, in milliseconds. */
export interface ConnectionOptions {
  /** How long the worker's script may take to load and answer. Default 60,000. */
  readonly loadWithin?: number
  /**
   * How long a worker may be silent once a statement was aborted or closed, before it is terminated; one that answers has ten times as
   * long to end the statement. Default 2,000.
   */
  readonly stopWithin?: number
  /** What the worker's storage may ask of the application. */
  readonly calls?: StorageCalls
  /** Hears once that the worker is gone, unless it was closed. */
  readonly onLost?: (error: LakefrontError) => void
}

/** How long a write may take to remove what it stored, in milliseconds. */
const cleanUpWithin = 30_000

/** The main side of one worker: calls that always settle, and the end of the worker, however it comes. */
export class WorkerConnection {
  readonly #worker: WorkerHandle
  readonly #service: Remote<EngineService>
  readonly #pending: PendingCalls
  readonly #options: ConnectionOptions
  readonly #progress = new Map<number, (progress: Progress) => void>()
  readonly #stopping = new Set<Promise<void>>()
  #calls = 0
  #loaded = false
  readonly #gone = new AbortController()
  readonly #dropped = new FinalizationRegistry<number>((id) => void this.stop(id).catch(() => {}))

  constructor(worker: WorkerHandle, options: ConnectionOptions) {
    installErrorTransfer()
    this.#worker = worker
    this.#options = options
    this.#pending = new PendingCalls((busy) => worker.keepAlive(busy))
    worker.onFailure((failure) => {
      this.#lose(this.#describeFailure(failure), failure)
      this.#gone.abort()
    })
    worker.endpoint.addEventListener('message', (event) => this.#onMessage((event as MessageEvent).data))
    this.#service = wrap<EngineService>(worker.endpoint)
  }

  get #stopWithin(): number {
    return this.#options.stopWithin ?? 2_000
  }

  /** Waits for the worker's script. Everything else comes after it. */
  async load(signal?: AbortSignal): Promise<void> {
    const milliseconds = this.#options.loadWithin ?? 60_000
    const timer = setTimeout(
      () =>
        this.#lose(
          `The worker script "${this.#worker.label}" did not answer within ${milliseconds / 1000} s. ${loadAdvice}`,
        ),
      milliseconds,
    )
    try {
      const { lifeline } = this.#worker
      const answer = await this.call((service) => service.hello(lifeline), signal)
      this.#loaded = true
      if (answer.lifeline) {
        watchLifeline(lifeline!, () => this.#lose(this.#describeEnd('it ended without a word')), this.#gone.signal)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  call<T>(invoke: (service: Remote<EngineService>) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#pending.run(() => {
      const answer = invoke(this.#service)
      answer.catch((error: unknown) => this.#loseBroken(error))
      return answer
    }, signal)
  }

  /** An engine that broke down cannot be used on, though its worker lives. Whoever it failed hears that first. */
  #loseBroken(error: unknown): void {
    if (!isLakefrontError(error, 'ENGINE_FAILED') || error.details['fatal'] !== true) return
    queueMicrotask(() => this.#lose(this.#describeEnd('its engine broke down'), { cause: error }))
  }

  /** A new name for a statement; `onProgress` hears of it until {@link forget}. */
  nextCall(onProgress?: (progress: Progress) => void): number {
    const id = ++this.#calls
    if (onProgress !== undefined) this.#progress.set(id, onProgress)
    return id
  }

  forget(id: number): void {
    this.#progress.delete(id)
  }

  /** Ends a statement. Resolves when it has ended: by itself, or with its worker once the deadline is over. One that `cleansUp` has longer. */
  async stop(id: number, { cleansUp = false }: { readonly cleansUp?: boolean } = {}): Promise<void> {
    this.forget(id)
    if (this.#pending.ended !== undefined) return
    const stopping = this.#stop(id, cleansUp ? Math.max(cleanUpWithin, this.#stopWithin) : this.#stopWithin)
    this.#stopping.add(stopping)
    await stopping.finally(() => this.#stopping.delete(stopping))
  }

  /** Resolves when no statement is being stopped: they have ended, or the worker was. */
  async quiet(): Promise<void> {
    while (this.#stopping.size > 0) await Promise.allSettled(this.#stopping)
  }

  async #stop(id: number, within: number): Promise<void> {
    const rest = losePatience(
      () => this.call((service) => service.hello()),
      within,
      (spent) => this.#lose(this.#describeEnd(`a statement did not end within ${spent / 1000} s of being stopped`)),
    )
    try {
      await this.call((service) => service.stop(id))
    } catch (error) {
      if (!isLakefrontError(error, 'WORKER_LOST') && !isLakefrontError(error, 'CLOSED')) throw error
    } finally {
      rest()
    }
  }

  /** Rejects what is pending with `CLOSED`, gives the engine a moment to give everything back, then ends the worker. */
  async close(): Promise<void> {
    if (this.#pending.ended !== undefined) return
    this.#pending.end(new LakefrontError('CLOSED', 'The session was closed. Call connect() for a new one.'))
    this.#worker.keepAlive(true)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#stopWithin)
      this.#gone.signal.addEventListener('abort', () => resolve())
      const settle = (): void => {
        clearTimeout(timer)
        resolve()
      }
      this.#service.close().then(settle, settle)
    })
    this.abandon()
  }

  /** Ends the worker at once. */
  abandon(): void {
    this.#pending.end(new LakefrontError('CLOSED', 'The engine was not opened.'))
    this.#gone.abort()
    this.#progress.clear()
    this.#worker.keepAlive(false)
    this.#worker.terminate()
  }

  /** Calls {@link stop} for `id` some time after `stream` was dropped, unless the registration is cancelled with it. */
  get dropped(): FinalizationRegistry<number> {
    return this.#dropped
  }

  #lose(message: string, { cause, exitCode }: Partial<WorkerFailure> = {}): void {
    if (this.#pending.ended !== undefined) return
    const details = {
      worker: this.#worker.label,
      loaded: this.#loaded,
      ...(exitCode === undefined ? {} : { exitCode }),
    }
    const error = new LakefrontError('WORKER_LOST', message, { details, ...(cause === undefined ? {} : { cause }) })
    this.#pending.end(error)
    this.abandon()
    this.#options.onLost?.(error)
  }

  #describeFailure({ kind, exitCode, cause }: WorkerFailure): string {
    const said = cause instanceof Error && cause.message !== '' ? `: ${cause.message.replace(/\.$/, '')}` : ''
    if (!this.#loaded && kind !== 'message') {
      const exit = exitCode === undefined ? '' : ` (it ended with exit code ${exitCode})`
      return `The worker script "${this.#worker.label}" could not be loaded${exit}${said}. ${loadAdvice}`
    }
    if (kind === 'exit') return this.#describeEnd(`it ended with exit code ${exitCode}`)
    if (kind === 'message') return this.#describeEnd(`it sent a message that cannot be read${said}`)
    return this.#describeEnd(`it failed${said}`)
  }

  #describeEnd(why: string): string {
    return (
      `The worker that ran the engine ("${this.#worker.label}") is gone: ${why}. Run the query again: the next call starts a ` +
      'new worker with the same sources, settings, views and macros; tables made by SQL have to be made again.'
    )
  }

  #onMessage(data: ProgressMessage | AskMessage | { readonly lakefront?: undefined } | null): void {
    if (data?.lakefront === 'progress') this.#progress.get(data.call)?.(data.progress)
    if (data?.lakefront === 'ask') void this.#answer(data)
  }

  async #answer({ request, call, argument }: AskMessage): Promise<void> {
    const ask = this.#options.calls?.[call] as (argument: unknown) => Promise<unknown>
    const answer = await Promise.resolve(argument)
      .then(ask)
      .then((value) => ({ value }))
      .catch((error: unknown) => ({ error: errorToWire(error) }))
    // A worker that is gone meanwhile needs no answer.
    await this.call((service) => service.answer(request, answer)).catch(() => {})
  }
}

const loadAdvice =
  'Check that the file is served at that address, from the page’s own origin and with a JavaScript content type, and that the ' +
  'Content-Security-Policy allows it (worker-src, script-src); or give its address: connect({ workerUrl }).'
