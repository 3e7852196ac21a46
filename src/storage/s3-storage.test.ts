import { afterAll, describe, expect, test } from 'vitest'
import { account } from './fixtures/s3-account.ts'
import { bucket, startMoto, startVersitygw } from './fixtures/real-stores.ts'
import type { RealStore } from './fixtures/real-stores.ts'
import { s3Storage } from './s3-storage.ts'
import type { Storage } from './storage.ts'
import { testStorage } from './storage-suite.ts'

const mega = 1024 * 1024
const versitygw = await startVersitygw()
const moto = await startMoto()
afterAll(async () => {
  await versitygw?.close()
  await moto?.close()
})

function open({ endpoint }: RealStore, place: string): Storage {
  return s3Storage(
    `s3://${bucket}/${place}/`,
    { endpoint, credentials: account, partBytes: 5 * mega, pageKeys: 4 },
    { retry: { baseMilliseconds: 20 } },
  )
}

async function* stream(megas: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < megas; index++) yield new Uint8Array(mega).fill(index + 1)
}

const swapping = 'compare-and-swap by several clients loses no update'

/** versitygw lets two of eight create one object now and then; moto, on a busy machine, breaks either. */
const creating = 'of many that create one object at once, one wins'

const stores = [
  { name: 'versitygw', store: versitygw, breaks: [swapping, creating] },
  { name: 'moto', store: moto, breaks: [swapping, creating] },
]

for (const { name, store } of stores) {
  test(`${name} is there to be tested`, ({ skip }) => {
    skip(store === undefined, `${name} is not installed: "npm test" does that where Go and Python are`)
    expect(store!.endpoint).toMatch(/^http:/)
  })
}

for (const { name, store, breaks } of stores) {
  if (store !== undefined) testStorage(`S3 as ${name}`, (index) => () => open(store, `case ${index}/+é`), { breaks })
}

// moto takes the conditions of uploads in parts without looking at them, and tells no checksums of parts.
describe.runIf(versitygw !== undefined)('uploads in parts to versitygw', () => {
  test('an upload in parts is whole, under its conditions', async () => {
    const storage = open(versitygw!, 'parts')
    const { size, etag } = await storage.write('large', stream(12), { ifNoneMatch: '*' })
    expect(await storage.stat('large')).toEqual({ size, etag })
    const { bytes } = await storage.read('large', { start: 5 * mega - 1, end: 5 * mega + 1 })
    expect([...bytes]).toEqual([5, 6])
    await expect(storage.write('large', stream(6), { ifMatch: '"another"' })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    })
    expect((await storage.stat('large')).size).toBe(12 * mega)
    expect((await storage.write('large', stream(6), { ifMatch: etag! })).size).toBe(6 * mega)
  })

  test('an upload that broke off is taken up', async () => {
    const storage = open(versitygw!, 'resume')
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* stream(11)
      throw new Error('the tab was closed')
    }
    await expect(storage.write('large', broken(), { resume: true })).rejects.toThrow('the tab was closed')
    await expect(storage.stat('large')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    let sent = 0
    const counting: typeof fetch = (url, init) => {
      if (init?.method === 'PUT') sent++
      return fetch(url, init)
    }
    const again = s3Storage(
      storage.label,
      { endpoint: versitygw!.endpoint, credentials: account, partBytes: 5 * mega },
      { fetch: counting },
    )
    expect((await again.write('large', stream(12), { resume: true })).size).toBe(12 * mega)
    expect(sent).toBe(1)
    const { bytes } = await again.read('large')
    expect([0, 4, 5, 11].map((index) => bytes[index * mega])).toEqual([1, 5, 6, 12])
  })
})

test.skipIf(versitygw === undefined)(
  'versitygw looks at If-Match first and replaces then: several writers at once all win',
  async () => {
    const storage = open(versitygw!, 'swapping')
    let most = 0
    for (let round = 0; round < 40 && most < 2; round++) {
      const { etag } = await storage.write('object', new Uint8Array([round]))
      const tries = Array.from({ length: 8 }, (_, index) =>
        storage.write('object', new Uint8Array([round, index]), { ifMatch: etag! }).then(
          () => 1,
          () => 0,
        ),
      )
      most = Math.max(
        most,
        (await Promise.all(tries)).reduce((sum: number, done) => sum + done, 0),
      )
    }
    // When this fails, its writes have become atomic: it then is a reference for compare-and-swap too.
    expect(most).toBeGreaterThan(1)
  },
)
