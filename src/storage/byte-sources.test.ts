import { symlinkSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { isLakefrontError } from '../errors.ts'
import { failure, testByteSource } from './conformance.ts'
import { fileSource } from './file.ts'
import { FaultServer } from './fixtures/fault-server.ts'
import { httpSource } from './http.ts'
import { openByteSource } from './open.ts'

const folder = mkdtempSync(join(tmpdir(), 'lakefront-sources-'))
const servers: FaultServer[] = []
let files = 0

afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())))
afterAll(() => rmSync(folder, { recursive: true }))

function write(bytes: Uint8Array): string {
  const path = join(folder, `${files++}.bin`)
  writeFileSync(path, bytes)
  return path
}

async function serve(bytes: Uint8Array, faults = {}): Promise<FaultServer> {
  const server = await FaultServer.start(bytes, faults)
  servers.push(server)
  return server
}

const retry = { attempts: 4, baseMilliseconds: 1 }

testByteSource({ name: 'a Uint8Array', make: (bytes) => openByteSource(bytes) })
testByteSource({ name: 'a Blob', make: (bytes) => openByteSource(new Blob([bytes.slice()])) })
testByteSource({ name: 'a File', make: (bytes) => openByteSource(new File([bytes.slice()], 'picked.parquet')) })
testByteSource({ name: 'a path', make: (bytes) => openByteSource(write(bytes)) })
testByteSource({ name: 'a file: URL', make: (bytes) => openByteSource(pathToFileURL(write(bytes)).href) })
testByteSource({ name: 'HTTP', make: async (bytes) => httpSource((await serve(bytes)).url(), { retry }) })
testByteSource({
  name: 'HTTP with HEAD refused',
  make: async (bytes) => httpSource((await serve(bytes, { head: 403 })).url(), { retry }),
})
testByteSource({
  name: 'HTTP without ranges',
  make: async (bytes) => httpSource((await serve(bytes, { noRanges: true })).url(), { retry }),
})
testByteSource({
  name: 'HTTP without HEAD and ranges',
  make: async (bytes) => httpSource((await serve(bytes, { head: 405, noRanges: true })).url(), { retry }),
})
testByteSource({
  name: 'HTTP with weak validators',
  make: async (bytes) => httpSource((await serve(bytes, { weakEtag: true })).url(), { retry }),
})
testByteSource({
  name: 'HTTP with dates for validators',
  make: async (bytes) =>
    httpSource((await serve(bytes, { noEtag: true, lastModified: 'Fri, 20 Nov 2026 10:00:00 GMT' })).url(), { retry }),
})

describe('what a reference means', () => {
  test.each(['gs://b/k', 'ftp://host/f', 'hf://datasets/x'])(
    '%s is unsupported, and the schemes that are get listed',
    (reference) => {
      expect(() => openByteSource(reference)).toThrow(
        expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('https:') }),
      )
    },
  )

  test('opfs: is a place browsers have, and has no folders above it', async () => {
    expect(await failure(openByteSource('opfs:/a.parquet').stat())).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('browsers have it'),
    })
    for (const reference of ['opfs:', 'opfs:/', 'opfs:/../a', 'opfs:/a//b']) {
      expect(() => openByteSource(reference)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    }
  })

  test.each(['', 'http://', 'https://[bad'])('%j is no valid name', (reference) => {
    expect(() => openByteSource(reference)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  test('labels hold no query and no credentials', () => {
    expect(openByteSource('https://user:secret@host.example/a/b.parquet?token=secret#f').label).toBe(
      'https://host.example/a/b.parquet',
    )
  })

  test('a relative name is a URL when there is a base, a path otherwise', () => {
    expect(openByteSource('data/a.parquet', { baseUrl: 'https://host.example/app/' }).label).toBe(
      'https://host.example/app/data/a.parquet',
    )
    expect(openByteSource('data/a.parquet').label).toBe('data/a.parquet')
  })

  test('two byte arrays of one length are not taken for each other', async () => {
    const stats = await Promise.all([new Uint8Array(5), new Uint8Array(5)].map((bytes) => openByteSource(bytes).stat()))
    expect(stats[0]!.etag).not.toBe(stats[1]!.etag)
  })
})

describe('files', () => {
  test('a missing file, a directory and a file below a file are told apart', async () => {
    expect(await failure(fileSource(join(folder, 'none.parquet')).stat())).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('none.parquet'),
    })
    expect(await failure(fileSource(folder).stat())).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('directory'),
    })
    expect(await failure(fileSource(join(write(new Uint8Array(1)), 'x')).stat())).toMatchObject({ code: 'NOT_FOUND' })
    symlinkSync('round.parquet', join(folder, 'round.parquet'))
    expect(await failure(fileSource(join(folder, 'round.parquet')).stat())).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/round\.parquet": its symbolic links lead round in a circle/),
    })
    expect(
      await failure(
        openByteSource('file:relative.parquet')
          .stat()
          .catch((error: unknown) => Promise.reject(error)),
      ),
    ).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a file replaced by another of the same size is noticed', async () => {
    const path = write(new Uint8Array([1, 2, 3]))
    const source = fileSource(path)
    const { etag } = await source.stat()
    rmSync(path)
    writeFileSync(path, new Uint8Array([4, 5, 6]))
    expect(isLakefrontError(await failure(source.read(0, 3, { ifMatch: etag! })), 'SOURCE_CHANGED')).toBe(true)
    expect(await source.read(0, 3)).toEqual(new Uint8Array([4, 5, 6]))
  })
})
