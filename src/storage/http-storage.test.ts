import { afterAll, expect, test } from 'vitest'
import { FaultServer } from './fixtures/fault-server.ts'
import { failure } from './conformance.ts'
import { httpSource } from './http.ts'
import { httpStorage } from './http-storage.ts'
import { testStorage } from './storage-suite.ts'

const servers: FaultServer[] = []
afterAll(() => Promise.all(servers.map((server) => server.close())))

testStorage(
  'HTTP',
  async () => {
    const server = await FaultServer.start(new Uint8Array(), { statuses: Array.from({ length: 99 }, () => 404) })
    servers.push(server)
    return () => httpStorage(server.url('/folder?signature=secret'), httpSource)
  },
  { lacks: ['writes', 'lists'] },
)

test('keys become paths, under the query of the place, which no message shows', async () => {
  const server = await FaultServer.start(new Uint8Array([1, 2, 3]))
  servers.push(server)
  const storage = httpStorage(server.url('/folder?signature=secret'), httpSource)
  expect(await storage.read('a b/100%+ü.bin', { start: 1 })).toMatchObject({ bytes: new Uint8Array([2, 3]), size: 3 })
  expect(server.urls.at(-1)).toBe('/folder/a%20b/100%25%2B%C3%BC.bin?signature=secret')
  expect(String(await failure(storage.write('key', new Uint8Array(1))))).not.toContain('secret')
})
