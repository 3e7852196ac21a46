import { afterAll, describe, expect, test } from 'vitest'
import { azureStorage } from './azure-storage.ts'
import { failure } from './conformance.ts'
import { azureSas, bucket, startAzurite } from './fixtures/real-stores.ts'
import { openStorage } from './open-storage.ts'
import { testStorage } from './storage-suite.ts'

const azurite = await startAzurite()
afterAll(() => azurite?.close())

test('Azurite is there to be tested', ({ skip }) => {
  skip(azurite === undefined, 'Azurite is not installed: "npm test" does that')
  expect(azurite!.endpoint).toMatch(/^http:/)
})

describe.runIf(azurite !== undefined)('Azure', () => {
  const open = (place: string, options = {}): ReturnType<typeof azureStorage> =>
    azureStorage(
      `az://${bucket}/${place}/`,
      { ...azurite!, blockBytes: 1_000_000, ...options },
      { retry: { baseMilliseconds: 10 } },
    )

  testStorage('Azure Blob as Azurite', (index) => () => open(`case ${index}/+é`))

  test('a signature that has expired is asked for again, and none is ever told', async () => {
    let asked = 0
    const storage = open('expired', { sas: async () => azureSas(asked++ === 0 ? -60 : 60) })
    await storage.write('object', new Uint8Array(3))
    expect(asked).toBe(2)
    const error = await failure(open('expired', { sas: azureSas(-60) }).write('object', new Uint8Array(3)))
    expect(error).toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(JSON.stringify([String(error), error])).not.toMatch(/sig=|sv=/)
  })

  test('in a session it is read and listed by names, with one signature for all', async () => {
    let asked = 0
    const storage = openStorage(
      { azure: { endpoint: azurite!.endpoint } },
      {
        azureSas: async () => {
          asked++
          return azureSas(60)
        },
      },
    )
    const place = storage.place(`az://${bucket}/session`)
    for (const name of ['a.csv', 'b.csv', 'c.txt']) await place.write(name, new Uint8Array([1, 2, 3]))
    const found = await storage.expand(`az://${bucket}/session/*.csv`)
    expect(found).toEqual(['a', 'b'].map((name) => `az://${bucket}/session/${name}.csv`))
    for (const name of found) expect([...(await storage.open(name).read(1, 3))]).toEqual([2, 3])
    expect(asked).toBe(2)
  })

  test('a stream is a list of blocks, under its conditions', async () => {
    const storage = open('blocks')
    async function* stream(): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 7; count++) yield new Uint8Array(700_000).fill(count)
    }
    const { size, etag } = await storage.write('large', stream(), { ifNoneMatch: '*' })
    expect(await storage.stat('large')).toEqual({ size, etag })
    expect(await failure(storage.write('large', stream(), { ifNoneMatch: '*' }))).toMatchObject({
      code: 'PRECONDITION_FAILED',
    })
    expect(await failure(storage.write('large', stream(), { ifMatch: '"0x1"' }))).toMatchObject({
      code: 'PRECONDITION_FAILED',
    })
    await storage.write('large', stream(), { ifMatch: etag! })
    expect((await storage.read('large', { start: 4_899_999 })).bytes).toEqual(new Uint8Array([6]))
  })
})

test.each(['az://', 'az://A/b', 'az://ab'])('%s is nowhere', (url) => {
  expect(() => azureStorage(url, { endpoint: 'https://account.blob.core.windows.net' })).toThrow(
    'az://container/folder/',
  )
})
