import { errorFromWire, LakefrontError } from '../errors.ts'
import type { AvroSplit, DecodedSplit } from '../format/avro/decode-split.ts'
import type { DecodeRequest } from '../format/parquet/decode.ts'
import type { StreamRequest } from '../format/parquet/encode.ts'
import type { DecodedColumn, DecoderHandle } from '../scan/decoder-handle.ts'
import type { DecodeAnswer, DecodeCall } from './decode-messages.ts'
import { watchLifeline } from './lifeline.ts'
import type { WorkerFailure, WorkerHandle } from './worker-handle.ts'

interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

/**
 * Connects to a worker that runs `serveDecoder`. Plain messages instead of Comlink: there are hundreds of requests a second, and
 * one kind of them. An idle worker does not keep a process alive.
 */
export function connectDecoder(worker: WorkerHandle): DecoderHandle {
  return new DecoderConnection(worker)
}

class DecoderConnection implements DecoderHandle {
  readonly #worker: WorkerHandle
  readonly #waiters = new Map<number, Waiter<never>>()
  readonly #gone = new AbortController()
  #starting: Waiter<void> | undefined
  #lost: LakefrontError | undefined
  #nextId = 0
  #memoryBytes = 0

  constructor(worker: WorkerHandle) {
    this.#worker = worker
    worker.onFailure((failure) => this.#lose(describe(failure), failure.cause))
    worker.endpoint.addEventListener('message', (event) => this.#onMessage((event as MessageEvent<DecodeAnswer>).data))
    worker.keepAlive(false)
  }

  get memoryBytes(): number {
    return this.#memoryBytes
  }

  start(module: WebAssembly.Module): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) throw this.#lost
      this.#starting = { resolve, reject }
      const { lifeline } = this.#worker
      this.#send({ call: 'start', module, ...(lifeline === undefined ? {} : { lifeline }) })
    })
  }

  decode(request: DecodeRequest): Promise<DecodedColumn> {
    const buffers = request.bytes.map((bytes) => bytes.buffer as ArrayBuffer)
    return this.#ask((id) => this.#send({ call: 'decode', id, request }, buffers))
  }

  decodeSplit(split: AvroSplit): Promise<DecodedSplit> {
    const buffers = new Set(split.blocks.map(({ bytes }) => bytes.buffer as ArrayBuffer))
    return this.#ask((id) => this.#send({ call: 'decodeSplit', id, split }, [...buffers]))
  }

  encode(request: StreamRequest): Promise<Uint8Array> {
    return this.#ask((id) => this.#send({ call: 'encode', id, request }, [request.stream.buffer as ArrayBuffer]))
  }

  #ask<T>(send: (id: number) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) throw this.#lost
      const id = this.#nextId++
      send(id)
      this.#waiters.set(id, { resolve, reject })
      this.#worker.keepAlive(true)
    })
  }

  close(): void {
    this.#lose('it was ended')
  }

  #send(call: DecodeCall, transfer: Transferable[] = []): void {
    this.#worker.endpoint.postMessage(call, transfer)
  }

  #onMessage(answer: DecodeAnswer): void {
    switch (answer.answer) {
      case 'started':
        if (answer.hasLifeline) {
          watchLifeline(this.#worker.lifeline!, () => this.#lose('it ended without a word'), this.#gone.signal)
        }
        this.#starting?.resolve()
        return
      case 'failed':
        this.#starting?.reject(errorFromWire(answer.error))
        return
      case 'decoded':
        this.#memoryBytes = answer.memoryBytes
        this.#settle(answer.id)?.resolve({ batches: answer.batches, milliseconds: answer.milliseconds } as never)
        return
      case 'decodedSplit':
        this.#settle(answer.id)?.resolve(answer.decoded as never)
        return
      case 'encoded':
        this.#memoryBytes = answer.memoryBytes
        this.#settle(answer.id)?.resolve(answer.file as never)
        return
      case 'refused':
        this.#settle(answer.id)?.reject(errorFromWire(answer.error))
        return
      default:
        answer satisfies never
    }
  }

  #settle(id: number): Waiter<never> | undefined {
    const waiter = this.#waiters.get(id)
    this.#waiters.delete(id)
    if (this.#waiters.size === 0) this.#worker.keepAlive(false)
    return waiter
  }

  #lose(why: string, cause?: unknown): void {
    if (this.#lost !== undefined) return
    const { label } = this.#worker
    this.#lost = new LakefrontError(
      'WORKER_LOST',
      `The worker that decodes and encodes Parquet ("${label}") is gone: ${why}.`,
      {
        details: { worker: label },
        ...(cause === undefined ? {} : { cause }),
      },
    )
    this.#gone.abort()
    this.#worker.keepAlive(false)
    this.#worker.terminate()
    this.#starting?.reject(this.#lost)
    for (const { reject } of this.#waiters.values()) reject(this.#lost)
    this.#waiters.clear()
  }
}

function describe({ kind, exitCode, cause }: WorkerFailure): string {
  if (kind === 'exit') return `it ended with exit code ${exitCode}`
  const said = cause instanceof Error && cause.message !== '' ? `: ${cause.message.replace(/\.$/, '')}` : ''
  return kind === 'message' ? `it sent a message that cannot be read${said}` : `it failed or could not be loaded${said}`
}
