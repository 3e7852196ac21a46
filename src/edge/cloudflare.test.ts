import { Miniflare } from 'miniflare'
import { build } from 'rolldown'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { storageCases } from '../storage/storage-cases.ts'

let workerd: Miniflare

beforeAll(async () => {
  const input = new URL('fixtures/storage-worker.ts', import.meta.url).pathname
  const { output } = await build({ input, platform: 'neutral', write: false, logLevel: 'silent' })
  const script = output[0].code
  workerd = new Miniflare({ modules: true, script, r2Buckets: ['BUCKET'], compatibilityDate: '2026-01-01' })
})

afterAll(() => workerd?.dispose())

const post = async (path: string, body: unknown): Promise<string> =>
  (await workerd.dispatchFetch(`http://worker${path}`, { method: 'POST', body: JSON.stringify(body) })).text()

test.each(storageCases.map(({ name }) => name))('R2 in workerd: %s', async (name) => {
  expect(await post('/case', { name, place: `case-${storageCases.findIndex((one) => one.name === name)}` })).toBe(
    'kept',
  )
})

test('R2 takes streams in parts, drops what is broken off, and says which conditions it cannot keep', async () => {
  expect(JSON.parse(await post('/stream', {}))).toEqual({
    size: 20 * 1024 * 1024,
    last: 19,
    failures: ['Error: broken off', 'UNSUPPORTED'],
    keys: ['large'],
  })
})

test('the signer runs in workerd', async () => {
  const request = { method: 'GET', bucket: 'bucket', key: 'mine/a', query: {}, conditions: {}, expiry: 60 }
  const [signed] = JSON.parse(await post('/sign', [request])) as [{ url: string }]
  expect(signed.url).toMatch(
    /^https:\/\/bucket\.s3\.us-east-1\.amazonaws\.com\/mine\/a\?X-Amz-Algorithm=.*X-Amz-Signature=\w{64}$/,
  )
  expect(await post('/sign', [{ ...request, key: 'mine/../other' }])).toContain('not allowed')
})
