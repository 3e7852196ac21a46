import { chunks, equal, fails, keysOf, outcomeOf, pattern, sameBytes, thrown, truthy } from './case-checks.ts'
import type { StorageCase } from './storage-cases.ts'

/** What is promised of writes: their conditions, their streams, and what others see meanwhile. */
export const writeCases: readonly StorageCase[] = [
  {
    name: 'ifNoneMatch writes where nothing is, once',
    needs: ['writes', 'conditions'],
    async run(place) {
      const storage = await place.open()
      const { etag } = await storage.write('object', pattern(100, 1), { ifNoneMatch: '*' })
      const other = await place.open()
      await fails('PRECONDITION_FAILED', other.write('object', pattern(100, 2), { ifNoneMatch: '*' }))
      await fails('PRECONDITION_FAILED', storage.write('object', chunks([pattern(100, 2)]), { ifNoneMatch: '*' }))
      equal((await other.stat('object')).etag, etag)
      await other.remove('object')
      await storage.write('object', pattern(100, 3), { ifNoneMatch: '*' })
      sameBytes((await other.read('object')).bytes, pattern(100, 3))
    },
  },
  {
    name: 'of many that create one object at once, one wins',
    needs: ['writes', 'conditions'],
    async run(place) {
      const writers = await Promise.all(Array.from({ length: 8 }, () => place.open()))
      const outcomes = await Promise.all(
        writers.map((storage, index) => outcomeOf(storage.write('race', pattern(50, index), { ifNoneMatch: '*' }))),
      )
      equal(outcomes.filter((outcome) => outcome === 'done').length, 1)
      equal(outcomes.filter((outcome) => outcome === 'PRECONDITION_FAILED').length, 7)
      sameBytes((await writers[0]!.read('race')).bytes, pattern(50, outcomes.indexOf('done')))
    },
  },
  {
    name: 'ifMatch writes over the version it names, and over no other and nothing',
    needs: ['writes', 'conditions'],
    async run(place) {
      const storage = await place.open()
      await fails('PRECONDITION_FAILED', storage.write('object', pattern(9), { ifMatch: '"another"' }))
      const first = await storage.write('object', pattern(100, 1))
      const second = await storage.write('object', pattern(100, 2), { ifMatch: first.etag! })
      await fails(
        'PRECONDITION_FAILED',
        (await place.open()).write('object', pattern(100, 3), { ifMatch: first.etag! }),
      )
      await fails('PRECONDITION_FAILED', storage.write('object', chunks([pattern(9)]), { ifMatch: first.etag! }))
      sameBytes((await storage.read('object')).bytes, pattern(100, 2))
      await storage.write('object', chunks([pattern(50, 4), pattern(50, 5)]), { ifMatch: second.etag! })
      equal((await storage.stat('object')).size, 100)
      await storage.remove('object')
      await fails('PRECONDITION_FAILED', storage.write('object', pattern(9), { ifMatch: second.etag! }))
      await fails('NOT_FOUND', storage.stat('object'))
    },
  },
  {
    name: 'compare-and-swap by several clients loses no update',
    needs: ['writes', 'conditions'],
    async run(place) {
      const count = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
      const counter = (value: number): Uint8Array => {
        const bytes = new Uint8Array(4)
        new DataView(bytes.buffer).setUint32(0, value)
        return bytes
      }
      await (await place.open()).write('counter', counter(0))
      const increments = 5
      const clients = await Promise.all(Array.from({ length: 3 }, () => place.open()))
      await Promise.all(
        clients.map(async (storage) => {
          for (let done = 0; done < increments;) {
            const { bytes, etag } = await storage.read('counter')
            const outcome = await outcomeOf(storage.write('counter', counter(count(bytes) + 1), { ifMatch: etag! }))
            if (outcome === 'done') done++
            else truthy(['PRECONDITION_FAILED', 'CONFLICT'].includes(outcome), `a lost race is ${outcome}`)
          }
        }),
      )
      equal(count((await clients[0]!.read('counter')).bytes), increments * clients.length)
    },
  },
  {
    name: 'a write has one condition, and one that makes sense',
    needs: ['writes'],
    async run(place) {
      const storage = await place.open()
      await fails('INVALID_ARGUMENT', storage.write('object', pattern(1), { ifMatch: '"a"', ifNoneMatch: '*' }))
      await fails('INVALID_ARGUMENT', storage.write('object', pattern(1), { ifMatch: '' }))
      await fails('INVALID_ARGUMENT', storage.write('object', pattern(1), { ifNoneMatch: '"a"' as '*' }))
      await fails('NOT_FOUND', storage.stat('object'))
    },
  },
  {
    name: 'a stream of odd chunks from a reused buffer arrives as it was',
    needs: ['writes'],
    async run(place) {
      const storage = await place.open()
      const bytes = pattern(3_000_000)
      const buffer = new Uint8Array(1 << 17)
      async function* stream(): AsyncGenerator<Uint8Array> {
        for (let offset = 0, step = 1; offset < bytes.length; step = ((step * 7) % buffer.length) + 1) {
          const part = bytes.subarray(offset, offset + step)
          buffer.set(part)
          yield buffer.subarray(0, part.length)
          buffer.fill(0xee)
          offset += part.length
        }
      }
      const { size, etag } = await storage.write('streamed', stream())
      equal(size, bytes.length)
      const read = await (await place.open()).read('streamed')
      equal(read.etag, etag)
      sameBytes(read.bytes, bytes)
    },
  },
  {
    name: 'a stream that fails leaves what was there, and rejects with its own error',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      const { etag } = await storage.write('old', pattern(10))
      const reason = Object.assign(new Error('the query failed'), { code: 'ENOENT' })
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield pattern(200_000)
        throw reason
      }
      for (const key of ['old', 'new', 'folder/new']) equal(await thrown(storage.write(key, broken())), reason)
      equal((await storage.stat('old')).etag, etag)
      await fails('NOT_FOUND', storage.stat('new'))
      equal(await keysOf(storage), ['old'])
    },
  },
  {
    name: 'an aborted write leaves what was there, and stops its stream',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      const { etag } = await storage.write('old', pattern(10))
      for (const key of ['old', 'new']) {
        const controller = new AbortController()
        let isStopped = false
        async function* endless(): AsyncGenerator<Uint8Array> {
          try {
            for (let count = 0; ; count++) {
              if (count === 3) controller.abort(new Error('enough'))
              yield pattern(100_000)
            }
          } finally {
            isStopped = true
          }
        }
        const { signal } = controller
        equal(await thrown(storage.write(key, endless(), { signal })), signal.reason)
        truthy(isStopped, 'the stream was not stopped')
      }
      equal((await storage.stat('old')).etag, etag)
      equal(await keysOf(storage), ['old'])
    },
  },
  {
    name: 'nothing is seen of an object before it is whole',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      const other = await place.open()
      await storage.write('replaced', pattern(10, 1))
      async function* slow(): AsyncGenerator<Uint8Array> {
        yield pattern(1_000_000, 2)
        sameBytes((await other.read('replaced')).bytes, pattern(10, 1))
        await fails('NOT_FOUND', other.stat('fresh'))
        equal(await keysOf(other), ['replaced'])
        yield pattern(5, 2)
      }
      await storage.write('replaced', slow())
      equal((await other.stat('replaced')).size, 1_000_005)
      await storage.remove('replaced')
      await storage.write('replaced', pattern(10, 1))
      await storage.write('fresh', slow())
      equal(await keysOf(other), ['fresh', 'replaced'])
    },
  },
  {
    name: 'a reader sees one version, never a mixture',
    needs: ['writes'],
    async run(place) {
      const [storage, other] = [await place.open(), await place.open()]
      const version = (index: number): Uint8Array => new Uint8Array(100_000 + index).fill(index)
      await storage.write('object', version(0))
      const state = { isWriting: true }
      const writing = (async () => {
        for (let index = 1; index <= 15; index++) await storage.write('object', version(index))
      })().finally(() => (state.isWriting = false))
      writing.catch(() => undefined)
      while (state.isWriting) {
        const { bytes, size } = await other.read('object')
        const index = bytes[0]!
        equal([bytes.length, size], [100_000 + index, 100_000 + index])
        truthy(
          bytes.every((byte) => byte === index),
          'two versions were mixed',
        )
      }
      await writing
    },
  },
]
