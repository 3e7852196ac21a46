import { isLakefrontError, LakefrontError } from '../errors.ts'
import { decodeSplit } from '../format/avro/decode-split.ts'
import type { AvroSplit, DecodedSplit } from '../format/avro/decode-split.ts'
import type { DecodeRequest, ParquetDecoder } from '../format/parquet/decode.ts'
import type { EncodeJob, EncodePlace, StreamEncoder } from '../format/parquet/encode.ts'
import { breathe } from './breathe.ts'
import type { DecodedColumn, DecoderHandle, DecoderWorkers } from './decoder-handle.ts'

export interface DecodePoolOptions {
  /** Decodes in this thread. */
  readonly decoder: ParquetDecoder
  /** Encodes in this thread. Without it nothing is encoded. */
  readonly encoder?: StreamEncoder
  /** The compiled decoder for the workers; asked for when the first one starts. */
  readonly module?: () => Promise<WebAssembly.Module>
  /** Without workers everything is decoded in this thread. */
  readonly workers?: DecoderWorkers
  /** Most workers. Default: one core is left to this thread, and four are enough. */
  readonly size?: number
  /** Milliseconds after which workers that have nothing to do are ended. Default 20,000. */
  readonly idleMilliseconds?: number
}

/** What there is to do: to decode or encode one column of one row group, or to decode a split of Avro. */
interface Work<T> {
  /** What it is done to, for errors. */
  readonly subject: { readonly column: string } | { readonly file: string }
  /** Bytes that are not compressed: what it takes time by. */
  readonly bytes: number
  readonly signal?: AbortSignal | undefined
  readonly here: () => Promise<T>
  readonly there: (handle: DecoderHandle) => Promise<T>
}

/** Work that waits or is being done. */
interface Job extends Work<unknown> {
  readonly id: number
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
  /** Workers that ended while they worked on it. */
  deaths: number
}

/** One worker and what it was given, in the order it does it. */
interface Member {
  readonly handle: DecoderHandle
  readonly jobs: Set<Job>
  isReady: boolean
}

const largestPool = 4

/** Work of one burst that pays for starting one more worker, which takes about as long as decoding it. */
const bytesPerWorker = 8 * 2 ** 20

/** A burst is over when this many milliseconds have passed without a request. */
const burstPause = 1_000

/** Work a worker is given in advance while this thread computes and cannot hand out more: some 40 ms of it. */
const backlogBytes = 16 * 2 ** 20

/** A worker is given this many requests at least, so that it never waits for this thread's answer. */
const backlogJobs = 2

/** What this thread takes off the workers at most while it waits: longer work would keep messages waiting. */
const lendableBytes = 8 * 2 ** 20

/** Bytes of Parquet that take as long to decode as one stored byte of Avro, which comes as rows. */
const workOfAvro = 4

/** Attempts after which a request is blamed for the workers that ended. */
const attempts = 2

/**
 * Decodes and encodes columns in workers, and in this thread where there are none, before they have started, and while this thread would wait
 * for them otherwise. Workers start when there is work for them, and end when there has been none for a while.
 */
export class DecodePool implements EncodePlace {
  readonly #decoder: ParquetDecoder
  readonly #encoder: StreamEncoder | undefined
  readonly #module: (() => Promise<WebAssembly.Module>) | undefined
  readonly #workers: DecoderWorkers | undefined
  readonly #idleMilliseconds: number
  readonly #members = new Set<Member>()
  readonly #warnings: string[] = []
  #size: number
  #queue: Job[] = []
  #nextId = 0
  #lenders = 0
  #isDriving = false
  #isClosed = false
  /** Whether a worker was ever lost. */
  #hasLost = false
  #burst = { bytes: 0, until: 0 }
  #idle: ReturnType<typeof setTimeout> | undefined

  constructor({ decoder, encoder, module, workers, size, idleMilliseconds = 20_000 }: DecodePoolOptions) {
    this.#decoder = decoder
    this.#encoder = encoder
    this.#module = module
    this.#workers = workers
    this.#idleMilliseconds = idleMilliseconds
    const most = workers === undefined || module === undefined ? 0 : Math.min(workers.cores - 1, largestPool)
    this.#size = workers === undefined || module === undefined ? 0 : (size ?? Math.max(1, most))
  }

  /** Most workers there may be; 0 when all is done in this thread. */
  get size(): number {
    return this.#size
  }

  get isConcurrent(): boolean {
    return this.#size > 0
  }

  /** Things a user should know, such as workers that cannot be started. */
  get warnings(): readonly string[] {
    return this.#warnings
  }

  /** Threads that decode, this one included. */
  get threads(): number {
    return 1 + this.#members.size
  }

  /** What the memories of all decoders have grown to. */
  get memoryBytes(): number {
    let bytes = this.#decoder.memoryBytes
    for (const { handle } of this.#members) bytes += handle.memoryBytes
    return bytes
  }

  /** Loads what decoding in this thread needs. */
  ready(): Promise<void> {
    return this.#decoder.ready()
  }

  /**
   * Decodes one column of one row group; requests are begun in the order they come. An aborted request rejects with the signal's reason,
   * at the latest when its turn comes. The bytes stay the caller's, and must not change before the answer.
   */
  decode(request: DecodeRequest, { signal }: { signal?: AbortSignal } = {}): Promise<DecodedColumn> {
    const { column, rowGroup } = request
    const chunks = rowGroup.chunks.slice(column.firstLeaf, column.endLeaf)
    return this.#do({
      subject: { column: column.field.name },
      bytes: chunks.reduce((sum, chunk) => sum + chunk.uncompressedBytes, 0),
      signal,
      here: async () => {
        await this.#decoder.ready()
        const started = performance.now()
        const batches = await this.#decoder.decode(request)
        return { batches, milliseconds: performance.now() - started }
      },
      there: (handle) => handle.decode(portable(request)),
    })
  }

  /** Decodes a split, or its first blocks; see {@link decode}. */
  decodeSplit(split: AvroSplit, { signal }: { signal?: AbortSignal } = {}): Promise<DecodedSplit> {
    return this.#do({
      subject: { file: split.label },
      bytes: workOfAvro * split.blocks.reduce((sum, { size }) => sum + size, 0),
      signal,
      here: () => decodeSplit(split),
      there: (handle) => handle.decodeSplit(portableSplit(split)),
    })
  }

  /** Encodes one column of one row group; begun in the order they come. */
  run(job: EncodeJob): Promise<Uint8Array> {
    return this.#do({
      subject: { column: job.name },
      bytes: job.bytes,
      here: async () => {
        await this.#decoder.ready()
        return this.#encoder!.encode(job.request())
      },
      there: (handle) => handle.encode(job.request()),
    })
  }

  #do<T>(work: Work<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw closed()
      this.#queue.push({ ...work, id: this.#nextId++, resolve, reject, deaths: 0 })
      const now = performance.now()
      this.#burst = { bytes: work.bytes + (now < this.#burst.until ? this.#burst.bytes : 0), until: now + burstPause }
      this.#advance()
    })
  }

  /** Lends this thread to the work there is until `until` settles: for as long as it would wait anyway. */
  lend(until: Promise<unknown>): void {
    this.#lenders++
    const stop = (): void => {
      this.#lenders--
      this.#advance()
    }
    until.then(stop, stop)
    this.#advance()
  }

  /** Ends the workers; what is not done yet rejects with `CLOSED`. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#idle)
    const given = [...this.#members].flatMap((member) => [...member.jobs])
    for (const job of [...given, ...this.#queue.splice(0)]) job.reject(closed())
    for (const member of this.#members) member.handle.close()
    this.#members.clear()
  }

  #advance(): void {
    // Others that are aborted are mostly so together; to look at all of thousands each time would take longer than the work.
    if (this.#queue[0]?.signal?.aborted === true) this.#queue = this.#queue.filter((job) => !this.#isAborted(job))
    this.#grow()
    this.#hand()
    void this.#drive()
  }

  /** Starts workers for the work there is. */
  #grow(): void {
    const needed = this.#hasLost && this.#queue.some((job) => job.deaths > 0) ? 1 : 0
    const wanted = Math.min(this.#size, Math.max(needed, Math.floor(this.#burst.bytes / bytesPerWorker)))
    while (this.#members.size < wanted && this.#queue.length > 0 && !this.#isClosed) {
      try {
        const member: Member = { handle: this.#workers!.spawn(), jobs: new Set(), isReady: false }
        this.#members.add(member)
        void this.#start(member)
      } catch (error) {
        this.#giveUpGrowing(error)
        return
      }
    }
  }

  async #start(member: Member): Promise<void> {
    try {
      await member.handle.start(await this.#module!())
      member.isReady = true
      this.#rest()
    } catch (error) {
      member.handle.close()
      if (this.#members.delete(member)) this.#giveUpGrowing(error)
    }
    if (!this.#isClosed) this.#advance()
  }

  #giveUpGrowing(error: unknown): void {
    this.#size = this.#members.size
    if (this.#size > 0) return
    for (const job of this.#queue.filter(({ deaths }) => deaths > 0)) job.reject(deadly(job, error))
    this.#queue = this.#queue.filter(({ deaths }) => deaths === 0)
    const why = error instanceof Error ? error.message : String(error)
    this.#warnings.push(
      `Parquet is decoded and encoded in the engine’s own thread, as no worker for it could be started: ${why}`,
    )
  }

  /** Gives queued work to workers: to the one that has the least to do, as far as their backlogs allow. */
  #hand(): void {
    const limit = this.#lenders > 0 ? 0 : backlogBytes
    while (this.#queue.length > 0) {
      let member: Member | undefined
      let least = Infinity
      for (const candidate of this.#members) {
        const backlog = backlogOf(candidate)
        if (candidate.isReady && backlog < least && (candidate.jobs.size < backlogJobs || backlog < limit)) {
          member = candidate
          least = backlog
        }
      }
      if (member === undefined) return
      const job = this.#queue.shift()!
      if (!this.#isAborted(job)) void this.#give(member, job)
    }
  }

  async #give(member: Member, job: Job): Promise<void> {
    member.jobs.add(job)
    try {
      job.resolve((await job.there(member.handle)) as never)
    } catch (error) {
      if (isLakefrontError(error, 'WORKER_LOST') && !this.#isClosed) this.#retry(member, job, error)
      else job.reject(error)
    } finally {
      member.jobs.delete(job)
    }
    this.#rest()
    this.#advance()
  }

  /** Puts a job of a lost worker back. Workers answer in order, so it was lost over the first of its jobs. */
  #retry(member: Member, job: Job, cause: LakefrontError): void {
    if (this.#members.delete(member)) {
      const [first] = member.jobs
      first!.deaths++
      this.#hasLost = true
      member.handle.close()
    }
    if (job.deaths >= attempts) {
      job.reject(deadly(job, cause))
      return
    }
    const later = this.#queue.findIndex((other) => other.id > job.id)
    this.#queue.splice(later < 0 ? this.#queue.length : later, 0, job)
  }

  /** Works in this thread, one job at a time and with room for messages between them. */
  async #drive(): Promise<void> {
    if (this.#isDriving) return
    this.#isDriving = true
    while (this.#nextHere() !== undefined) {
      await breathe()
      const job = this.#nextHere()
      if (job === undefined) break
      this.#queue.splice(this.#queue.indexOf(job), 1)
      if (!this.#isAborted(job)) await this.#workHere(job)
    }
    this.#isDriving = false
  }

  /** What this thread is to do next. What a worker ended over is not tried where the engine would end with it. */
  #nextHere(): Job | undefined {
    const hasWorkers = [...this.#members].some((member) => member.isReady)
    if (hasWorkers && this.#lenders === 0) return undefined
    return this.#queue.find(({ deaths, bytes }) => deaths === 0 && (!hasWorkers || bytes <= lendableBytes))
  }

  async #workHere({ here, resolve, reject }: Job): Promise<void> {
    try {
      resolve((await here()) as never)
    } catch (error) {
      reject(error)
    }
  }

  #isAborted({ signal, reject }: Job): boolean {
    if (signal?.aborted === true) reject(signal.reason)
    return signal?.aborted === true
  }

  /** Ends workers after a while without work, which also gives back the memory they grew to. */
  #rest(): void {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => {
      for (const member of this.#members) {
        if (member.jobs.size > 0 || !member.isReady) continue
        this.#members.delete(member)
        member.handle.close()
      }
    }, this.#idleMilliseconds)
    ;(this.#idle as { unref?: () => void }).unref?.()
  }
}

function backlogOf(member: Member): number {
  let bytes = 0
  for (const job of member.jobs) bytes += job.bytes
  return bytes
}

/**
 * A request that can be sent: copies of its bytes, as they may be parts of larger buffers and are needed again should the worker
 * be lost, and only what decoding looks at of the file's metadata.
 */
function portable({ column, rowGroup, bytes }: DecodeRequest): DecodeRequest {
  const chunks = rowGroup.chunks
    .slice(column.firstLeaf, column.endLeaf)
    .map(({ statistics: _statistics, ...chunk }) => chunk)
  return {
    column: { ...column, firstLeaf: 0, endLeaf: chunks.length },
    rowGroup: { rows: rowGroup.rows, chunks },
    bytes: bytes.map((part) => new Uint8Array(part)),
  }
}

/** A split that can be sent: its blocks copied into one buffer. */
function portableSplit(split: AvroSplit): AvroSplit {
  const all = new Uint8Array(split.blocks.reduce((sum, { size }) => sum + size, 0))
  let at = 0
  const blocks = split.blocks.map((block) => {
    const bytes = all.subarray(at, (at += block.size))
    bytes.set(block.bytes)
    return { ...block, bytes }
  })
  return { ...split, blocks }
}

function deadly({ subject }: Job, cause: unknown): LakefrontError {
  const what = 'column' in subject ? `Column "${subject.column}"` : `A part of "${subject.file}"`
  return new LakefrontError(
    'ENGINE_FAILED',
    `${what} cannot be decoded or encoded: the workers that tried ended over it. A file that is read may be damaged, or row groups too large for the memory there is.`,
    { details: subject, cause },
  )
}

function closed(): LakefrontError {
  return new LakefrontError('CLOSED', 'The session was closed.')
}
