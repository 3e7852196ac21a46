import { LakefrontError } from '../errors.ts'
import { hiddenHeader } from './cors-diagnosis.ts'
import { Flights } from './flights.ts'
import { nothing } from './store-client.ts'
import type { StoreClient } from './store-client.ts'
import type { S3Dialect } from './s3-dialect.ts'
import { failureInBody } from './store-failure.ts'
import type { PartOptions, Parts, UploadPart } from './upload-parts.ts'
import { element, elements, escaped } from './store-xml.ts'
import type { WrittenObject } from './storage.ts'

/** A write that is on its way, and how to recognize it should its answer be lost. */
export interface Upload {
  readonly sending: Promise<WrittenObject>
  readonly fate: { isUncertain: boolean }
  readonly size: number
  /** The last bytes of the object, or all of them. */
  readonly tail: Uint8Array
  /** A request may have been the last of several, which cannot be made twice. */
  readonly isInParts: boolean
}

interface UploadOptions extends PartOptions {
  readonly dialect: S3Dialect
  readonly condition: Readonly<Record<string, string>>
  readonly contentType: string
  readonly resume: boolean
  readonly signal: AbortSignal | undefined
}

interface Named {
  readonly key: string
  readonly label: string
}

interface SentPart {
  readonly etag: string
  readonly size: number
  readonly checksum: string | undefined
}

/** Parts on their way at a time: with the one being filled, so many are in memory. */
const parallelParts = 3

/** What an object that was put together is told by, with its size. */
const tailBytes = 64 * 1024

/** What stores take in one upload. */
const mostParts = 10_000

/**
 * Sends an object in parts as they come, and then has them put together, which alone is what readers see. When a part fails for good, or the
 * stream, the upload is dropped, unless it is to be taken up later.
 */
export async function uploadParts(
  client: StoreClient,
  named: Named,
  parts: Parts,
  options: UploadOptions,
): Promise<Upload> {
  const { dialect, resume, contentType, condition, signal, partBytes, inMemory } = options
  const known = resume && !client.isByUrl ? await pendingUpload(client, named, signal) : undefined
  const uploadId = known?.uploadId ?? (await begin(client, named, { dialect, contentType, signal }))
  const drop = async (): Promise<void> => {
    if (resume) return
    // Best effort, also after an abort: what stays costs room until the bucket's own rule removes it.
    await client
      .send({ ...named, method: 'DELETE', query: { uploadId }, accepts: [404] }, nothing)
      .catch(() => undefined)
  }
  const stop = new AbortController()
  const anySignal = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const sent: SentPart[] = []
  const flights = new Flights(parallelParts)
  let tail = new Uint8Array()
  const launch = async (number: number, { bytes, done }: UploadPart): Promise<void> => {
    tail = bytes.slice(-tailBytes)
    const there = known?.parts.get(number)
    const send = async (): Promise<void> => {
      sent[number - 1] = await sendPart(client, named, { uploadId, number, bytes, dialect, there, signal: anySignal })
    }
    try {
      await flights.start(() => send().finally(done), inMemory.isTooMuch ? 1 : parallelParts)
    } catch (error) {
      done()
      throw error
    }
  }
  try {
    let number = 0
    for await (const part of parts) {
      if (++number > mostParts) throw tooLarge(named.label, partBytes)
      await launch(number, part)
    }
    await flights.landed()
  } catch (error) {
    // What is on its way is worth waiting for when it will be taken up.
    if (!resume) stop.abort(error)
    await flights.settled()
    await drop()
    throw error
  }
  const fate = { isUncertain: false }
  const size = sent.reduce((sum, part) => sum + part.size, 0)
  const sending = complete(client, named, { uploadId, sent, dialect, condition, fate, signal, size }).catch(
    async (error: unknown) => {
      if (!fate.isUncertain) await drop()
      throw error
    },
  )
  sending.catch(() => undefined)
  return { sending, fate, size, tail, isInParts: true }
}

export async function sha256Base64(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  return btoa(String.fromCharCode(...digest))
}

function begin(
  client: StoreClient,
  named: Named,
  { dialect, contentType, signal }: Pick<UploadOptions, 'dialect' | 'contentType' | 'signal'>,
): Promise<string> {
  const headers = {
    'content-type': contentType,
    ...(dialect.checksums ? { 'x-amz-checksum-algorithm': 'SHA256' } : {}),
  }
  return client.send({ ...named, method: 'POST', query: { uploads: '' }, headers, signal }, async (response) => {
    const id = element(await response.text(), 'UploadId')
    if (id !== undefined) return id
    throw new LakefrontError('NETWORK', `The store of "${named.label}" began an upload without naming it.`, {
      details: { source: named.label },
    })
  })
}

async function sendPart(
  client: StoreClient,
  named: Named,
  part: {
    readonly uploadId: string
    readonly number: number
    readonly bytes: Uint8Array
    readonly dialect: S3Dialect
    readonly there: SentPart | undefined
    readonly signal: AbortSignal
  },
): Promise<SentPart> {
  const { uploadId, number, bytes, dialect, there, signal } = part
  const checksum = dialect.checksums ? await sha256Base64(bytes) : undefined
  if (there !== undefined && there.size === bytes.length && there.checksum === checksum) return there
  const query = { partNumber: String(number), uploadId }
  const headers = checksum === undefined ? {} : { 'x-amz-checksum-sha256': checksum }
  return client.send({ ...named, method: 'PUT', query, headers, body: bytes, signal }, async (response) => {
    await nothing(response)
    const etag = response.headers.get('etag')
    if (etag === null) throw hiddenHeader(named.label, 'ETag', 'without it an upload cannot be put together')
    return { etag, size: bytes.length, checksum }
  })
}

function complete(
  client: StoreClient,
  named: Named,
  upload: {
    readonly uploadId: string
    readonly sent: readonly SentPart[]
    readonly dialect: S3Dialect
    readonly condition: Readonly<Record<string, string>>
    readonly fate: { isUncertain: boolean }
    readonly signal: AbortSignal | undefined
    readonly size: number
  },
): Promise<WrittenObject> {
  const { uploadId, sent, dialect, condition, fate, signal, size } = upload
  const listed = sent.map(({ etag, checksum }, index) => {
    const sum = checksum === undefined ? '' : `<ChecksumSHA256>${checksum}</ChecksumSHA256>`
    return `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escaped(etag)}</ETag>${sum}</Part>`
  })
  const body = new TextEncoder().encode(
    `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${listed.join('')}</CompleteMultipartUpload>`,
  )
  const headers = { 'content-type': 'application/xml', ...condition }
  const request = { ...named, method: 'POST', query: { uploadId }, headers, body, signal, fate } as const
  return client.send(request, async (response) => {
    const answer = await response.text()
    // It may take minutes, so stores answer 200 first and say later how it went.
    const failed = failureInBody(named.label, answer)
    if (failed !== undefined) throw failed
    const version = dialect.checksums ? element(answer, 'ETag') : response.headers.get(dialect.versionHeader)
    return version === undefined || version === null ? { size } : { size, etag: version }
  })
}

/** The upload to a key that was begun last and neither put together nor dropped, with its parts. */
async function pendingUpload(
  client: StoreClient,
  named: Named,
  signal: AbortSignal | undefined,
): Promise<{ uploadId: string; parts: ReadonlyMap<number, SentPart> } | undefined> {
  const ask = (key: string, query: Record<string, string>): Promise<string> =>
    client.send({ label: named.label, key, method: 'GET', query, signal }, (response) => response.text())
  const uploads = elements(await ask('', { uploads: '', prefix: named.key }), 'Upload')
    .filter((upload) => element(upload, 'Key') === named.key)
    .sort((a, b) => ((element(a, 'Initiated') ?? '') < (element(b, 'Initiated') ?? '') ? 1 : -1))
  const uploadId = uploads[0] === undefined ? undefined : element(uploads[0], 'UploadId')
  if (uploadId === undefined) return undefined
  const parts = new Map<number, SentPart>()
  for (let marker: string | undefined = '0'; marker !== undefined;) {
    const page = await ask(named.key, { uploadId, 'part-number-marker': marker })
    for (const part of elements(page, 'Part')) {
      const [etag, checksum] = [element(part, 'ETag') ?? '', element(part, 'ChecksumSHA256')]
      if (checksum !== undefined)
        parts.set(Number(element(part, 'PartNumber')), { etag, size: Number(element(part, 'Size')), checksum })
    }
    marker = element(page, 'IsTruncated') === 'true' ? element(page, 'NextPartNumberMarker') : undefined
  }
  return { uploadId, parts }
}

function tooLarge(label: string, partBytes: number): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    `"${label}" is larger than ${mostParts} parts of ${partBytes} bytes, the most an upload can have. Write several files.`,
    { details: { source: label } },
  )
}
