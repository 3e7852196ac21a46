import { fileURLToPath } from 'node:url'
import type * as lakefront from 'lakefront'
import type * as testing from 'lakefront/testing'
import type { Browser, BrowserContext, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { serve } from '../.ci/serve.mjs'
import { account } from '../src/storage/fixtures/s3-account.ts'
import { S3Store } from '../src/storage/fixtures/s3-store.ts'
import { storageCases } from '../src/storage/storage-cases.ts'
import { openBrowser } from './browser.ts'
import { openFirefox } from './firefox.ts'
import type { Site } from './site.ts'
import { storageRoutes } from './storage-page.ts'

declare global {
  var storageTesting: typeof testing
  var folders: typeof lakefront
  var runCase: (name: string, where: 'page' | 'worker', place: string) => Promise<string>
}

let site: Site
let browser: Browser
let context: BrowserContext
let page: Page
let places = 0

beforeAll(async () => {
  site = await serve({ root: fileURLToPath(new URL('..', import.meta.url)), routes: storageRoutes })
  browser = await openBrowser()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

const openPage = async (): Promise<Page> => {
  const opened = await context.newPage()
  await opened.goto(new URL('page.html', site.url).href)
  await opened.waitForFunction(() => 'storageTesting' in globalThis)
  return opened
}

describe('Chromium', () => {
  beforeAll(async () => {
    context = await browser.newContext()
    page = await openPage()
  })
  afterAll(() => context.close())

  for (const where of ['page', 'worker'] as const) {
    test.each(storageCases.map(({ name }) => name))(`opfs: in a ${where}: %s`, async (name) => {
      const run = page.evaluate(([known, at, place]) => runCase(known, at, place), [
        name,
        where,
        `opfs:/case-${places++}/`,
      ] as const)
      expect(await run).toBe('kept')
    })
  }
})

describe('what happens to tabs', () => {
  beforeEach(async () => {
    context = await browser.newContext()
    page = await openPage()
  })
  afterEach(() => context.close())

  const names = (opened: Page): Promise<string[]> =>
    opened.evaluate(async () => {
      const found: string[] = []
      const walk = async (folder: FileSystemDirectoryHandle, at: string): Promise<void> => {
        for await (const [name, handle] of folder.entries()) {
          if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle, `${at}${name}/`)
          else found.push(at + name)
        }
      }
      await walk(await navigator.storage.getDirectory(), '')
      return found
    })

  test('one that is killed while it writes leaves what was there, and the next writer sweeps its draft', async () => {
    await page.evaluate(() => storageTesting.openStorage('opfs:/lake/').write('object', new Uint8Array([1])))
    const other = await openPage()
    await other.evaluate(() => {
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (;;) {
          yield new Uint8Array(100_000)
          document.title = 'writing'
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      }
      void storageTesting.openStorage('opfs:/lake/').write('object', endless())
    })
    await other.waitForFunction(() => document.title === 'writing')
    const killer = await browser.newBrowserCDPSession()
    const { targetInfos } = await killer.send('Target.getTargets')
    const session = await context.newCDPSession(other)
    const { targetInfo } = await session.send('Target.getTargetInfo')
    expect(targetInfos.some(({ targetId }) => targetId === targetInfo.targetId)).toBe(true)
    const gone = other.waitForEvent('crash')
    void session.send('Page.crash').catch(() => {})
    await gone
    expect(await page.evaluate(async () => (await storageTesting.openStorage('opfs:/lake/').stat('object')).size)).toBe(
      1,
    )
    await expect.poll(async () => (await names(page)).length).toBeGreaterThan(1)
    const sweep = async (): Promise<string[]> => {
      await page.evaluate(() => storageTesting.openStorage('opfs:/lake/').write('object', new Uint8Array([2, 3])))
      return names(page)
    }
    // The browser gives back the locks of a tab that died a moment later.
    await expect.poll(sweep, { timeout: 20_000 }).toEqual(['lake/object'])
  })

  test('one that goes on after somebody removed its folder makes that again', async () => {
    const found = await page.evaluate(async () => {
      const storage = storageTesting.openStorage('opfs:/lake/')
      await storage.write('in/object', new Uint8Array([1]))
      await (await navigator.storage.getDirectory()).removeEntry('lake', { recursive: true })
      const missing = await storage.stat('in/object').catch((error: { code: string }) => error.code)
      await storage.write('in/object', new Uint8Array([2]), { ifNoneMatch: '*' })
      return [missing, ...(await storage.read('in/object')).bytes]
    })
    expect(found).toEqual(['NOT_FOUND', 2])
    expect(await names(page)).toEqual(['lake/in/object'])
  })

  test('two that count with compare-and-swap lose nothing, with workers too', async () => {
    const pages = [page, await openPage(), await openPage()]
    await page.evaluate(() => storageTesting.openStorage('opfs:/lake/').write('counter', new Uint8Array([0])))
    const count = (opened: Page): Promise<void> =>
      opened.evaluate(async () => {
        const storage = storageTesting.openStorage('opfs:/lake/')
        for (let done = 0; done < 15;) {
          const { bytes, etag } = await storage.read('counter')
          try {
            await storage.write('counter', new Uint8Array([bytes[0]! + 1]), { ifMatch: etag! })
            done++
          } catch (error) {
            if ((error as { code: string }).code !== 'PRECONDITION_FAILED') throw error
          }
        }
      })
    await Promise.all(pages.map(count))
    expect(
      await page.evaluate(async () => [...(await storageTesting.openStorage('opfs:/lake/').read('counter')).bytes]),
    ).toEqual([45])
  })

  test('a full quota is told before damage, with what is used', async () => {
    await page.evaluate(() => storageTesting.openStorage('opfs:/lake/').write('object', new Uint8Array([1])))
    const session = await context.newCDPSession(page)
    const quotaSize = 20_000_000
    await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize })
    const failures = await page.evaluate(async () => {
      const storage = storageTesting.openStorage('opfs:/lake/')
      async function* stream(): AsyncGenerator<Uint8Array> {
        for (let count = 0; count < 50; count++) yield new Uint8Array(1_000_000)
      }
      const fails = (body: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> =>
        storage.write('object', body).then(
          () => 'written',
          (error: { code: string; message: string }) => `${error.code} ${error.message}`,
        )
      return [await fails(new Uint8Array(30_000_000)), await fails(stream())]
    })
    for (const text of failures) expect(text).toMatch(/^QUOTA_EXCEEDED "opfs:\/lake\/object" was not written/)
    expect(await names(page)).toEqual(['lake/object'])
    const space = await page.evaluate(() => storageTesting.openStorage('opfs:/lake/').space!())
    expect(space).toEqual({
      used: expect.any(Number),
      available: expect.any(Number),
      isPersistent: expect.any(Boolean),
    })
    expect(space.used).toBeGreaterThan(0)
  })

  test('without renames and synchronous handles, writes are still all or nothing', async () => {
    const outcome = await page.evaluate(async () => {
      delete (FileSystemFileHandle.prototype as { move?: unknown }).move
      const run: string[] = []
      for (const { name, run: runs } of storageTesting.storageCases) {
        // A new file is there, empty, for a moment.
        if (name === 'nothing is seen of an object before it is whole') continue
        const place: string = `opfs:/plain-${run.length}/`
        run.push(
          await runs({ open: () => storageTesting.openStorage(place) }).then(
            () => 'kept',
            (error: unknown) => `${name}: ${String(error)}`,
          ),
        )
      }
      return run
    })
    expect(outcome).toEqual(outcome.map(() => 'kept'))
    expect(outcome.length).toBeGreaterThan(15)
  })
})

describe('a swap that fails at its last step', () => {
  beforeAll(async () => {
    context = await browser.newContext()
  })
  beforeEach(async () => {
    page = await openPage()
  })
  afterAll(() => context.close())

  /** Writes over a version, and where nothing is, while a method of the browser's fails; what was said, and what is there then. */
  const swaps = (name: 'move' | 'close', when: 'before' | 'after'): Promise<string[]> =>
    page.evaluate(
      async ([method, moment]) => {
        const storage = storageTesting.openStorage('opfs:/swaps/')
        const { etag } = await storage.write('object', new Uint8Array([1]))
        await storage.remove('new')
        if (method === 'close') delete (FileSystemFileHandle.prototype as { move?: unknown }).move
        const owner = FileSystemFileHandle.prototype as unknown as Record<
          string,
          (...given: unknown[]) => Promise<unknown>
        >
        const plain = FileSystemFileHandle.prototype.createWritable
        const original = owner['move']!
        const refuse = (): never => {
          throw new DOMException('let fail', 'InvalidStateError')
        }
        if (method === 'move')
          owner['move'] = async function (...given) {
            if (moment === 'after') await original.apply(this, given)
            refuse()
          }
        else
          FileSystemFileHandle.prototype.createWritable = async function (...given) {
            const writable = await plain.apply(this, given)
            if (this.name.endsWith('.tmp')) return writable
            const sink = writable.getWriter()
            return new WritableStream({
              write: (chunk) => sink.write(chunk as Uint8Array<ArrayBuffer>),
              close: async () => {
                if (moment === 'after') await sink.close()
                else await sink.abort()
                refuse()
              },
              abort: (reason) => sink.abort(reason),
            }) as FileSystemWritableFileStream
          }
        const codeOf = (write: Promise<unknown>): Promise<string> =>
          write.then(
            () => 'written',
            (error: { code: string }) => error.code,
          )
        const said = [
          await codeOf(storage.write('object', new Uint8Array(2), { ifMatch: etag! })),
          await codeOf(storage.write('new', new Uint8Array(2), { ifNoneMatch: '*' })),
        ]
        if (method === 'move') owner['move'] = original
        FileSystemFileHandle.prototype.createWritable = plain
        const size = (key: string): Promise<number> =>
          storage.stat(key).then(
            ({ size }) => size,
            () => 0,
          )
        return [`${said[0]}: ${await size('object')}`, `${said[1]}: ${await size('new')}`]
      },
      [name, when] as const,
    )

  test('is not denied when others may have seen it', async () => {
    expect(await swaps('move', 'after')).toEqual(['WRITE_STATE_UNKNOWN: 2', 'WRITE_STATE_UNKNOWN: 2'])
    expect(await swaps('move', 'before')).toEqual(['NETWORK: 1', 'NETWORK: 0'])
  })

  test('is not denied by a browser that does not rename, either, and a new file is taken away again', async () => {
    expect(await swaps('close', 'before')).toEqual(['NETWORK: 1', 'NETWORK: 0'])
    expect(await swaps('close', 'after')).toEqual(['WRITE_STATE_UNKNOWN: 2', 'NETWORK: 0'])
  })
})

describe('a folder that the user picked', () => {
  beforeAll(async () => {
    context = await browser.newContext()
    page = await openPage()
  })
  afterAll(() => context.close())

  // The picker cannot be used without a person; a folder of the browser's own is a handle of the same kind.
  test('is kept beyond a reload, and keeps all promises, in pages and workers', async () => {
    await page.evaluate(async () => {
      const root = await navigator.storage.getDirectory()
      await folders.keepFolder('mine', await root.getDirectoryHandle('picked', { create: true }))
    })
    await page.reload()
    await page.waitForFunction(() => 'storageTesting' in globalThis)
    const outcome = await page.evaluate(async () => {
      const broken: string[] = []
      for (const [index, { name, run }] of storageTesting.storageCases.entries()) {
        const open = (): testing.Storage => storageTesting.openStorage(`folder:mine/case-${index}`)
        await run({ open }).catch((error: unknown) => broken.push(`${name}: ${String(error)}`))
      }
      return broken
    })
    expect(outcome).toEqual([])
    const workerOutcome = page.evaluate(
      (name) => runCase(name, 'worker', 'folder:mine/in-worker/'),
      storageCases[0]!.name,
    )
    expect(await workerOutcome).toBe('kept')
  })

  test('says what to do when it is not known, or has to be allowed again', async () => {
    const messages = await page.evaluate(async () => {
      const read = (url: string): Promise<string> =>
        storageTesting
          .openStorage(url)
          .stat('object')
          .then(
            () => 'read',
            (error: { code: string; message: string }) => `${error.code} ${error.message}`,
          )
      const unknown = await read('folder:yours/')
      Object.assign(FileSystemHandle.prototype, {
        queryPermission: async () => 'prompt',
        requestPermission: async () => 'granted',
      })
      const unasked = await read('folder:mine/')
      const isAllowed = await folders.allowFolder('mine')
      Object.assign(FileSystemHandle.prototype, { queryPermission: async () => 'granted' })
      const asked = await read('folder:mine/')
      await folders.forgetFolder('mine')
      return [unknown, unasked, isAllowed, asked, await read('folder:mine/')]
    })
    expect(messages).toEqual([
      expect.stringMatching(/^NOT_FOUND No folder is kept as "yours"\. Kept: mine\./),
      expect.stringMatching(/^PERMISSION_DENIED "folder:mine\/".*allowFolder\("mine"\)/),
      true,
      expect.stringMatching(/^NOT_FOUND There is nothing at "folder:mine\/object"/),
      expect.stringMatching(/^NOT_FOUND No folder is kept as "mine"\. Kept: none\./),
    ])
  })
})

describe('a store of another origin', () => {
  const full = {
    'access-control-allow-origin': '*',
    'access-control-allow-headers': '*, authorization',
    'access-control-allow-methods': 'GET, HEAD, PUT, POST, DELETE',
    'access-control-expose-headers': 'ETag, Content-Range, Content-Length, Accept-Ranges, Last-Modified',
  }
  let store: S3Store

  beforeAll(async () => {
    store = await S3Store.start()
    context = await browser.newContext()
    page = await openPage()
  })
  afterAll(async () => {
    await context.close()
    await store.close()
  })

  const write = (condition: object = {}): Promise<string> =>
    page.evaluate(
      async ([endpoint, credentials, options]) => {
        const storage = storageTesting.openStorage('s3://bucket/', {
          s3: { endpoint, credentials },
          s3Http: () => ({ retry: { attempts: 1 } }),
        })
        return storage.write('object', new Uint8Array([1]), options).then(
          ({ etag }) => `written ${etag ?? 'without an ETag'}`,
          (error: { code: string; message: string }) => `${error.code} ${error.message}`,
        )
      },
      [store.endpoint, account, condition] as const,
    )

  test('keeps all promises once it allows the page', async () => {
    store.cors = full
    for (const { name } of storageCases) {
      const place = `s3://bucket/case-${places++}/`
      const outcome = await page.evaluate(
        async ([known, url, endpoint, credentials]) => {
          const { run } = storageTesting.storageCases.find((one) => one.name === known)!
          return run({ open: () => storageTesting.openStorage(url, { s3: { endpoint, credentials } }) }).then(
            () => 'kept',
            (error: unknown) => String(error),
          )
        },
        [name, place, store.endpoint, account] as const,
      )
      expect(`${name}: ${outcome}`).toBe(`${name}: kept`)
    }
  })

  test.each([
    ['the page', undefined, /^CORS .*does not allow this page\. It must send Access-Control-Allow-Origin: http/],
    [
      'the method',
      { ...full, 'access-control-allow-methods': 'GET, HEAD' },
      /^CORS .*does not allow the method PUT\. It must send Access-Control-Allow-Methods: GET/,
    ],
    [
      'a header',
      {
        ...full,
        'access-control-allow-headers': 'authorization, content-type, x-amz-date, x-amz-content-sha256, if-none-match',
      },
      /^CORS .*does not allow the header x-amz-checksum-sha256\. It must name/,
    ],
    [
      'a condition',
      {
        ...full,
        'access-control-allow-headers':
          'authorization, content-type, x-amz-date, x-amz-content-sha256, x-amz-checksum-sha256',
      },
      /^CORS .*does not allow the header if-none-match\./,
    ],
  ])('that does not allow %s is told what to send', async (_, cors, message) => {
    store.cors = cors
    store.objects.clear()
    const text = await write({ ifNoneMatch: '*' })
    expect(text).toMatch(message)
    expect(text).not.toMatch(/Signature|AKID/)
    expect(store.objects.size).toBe(0)
  })

  test('that hides ETags has no compare-and-swap, and the probe says why', async () => {
    store.cors = { ...full, 'access-control-expose-headers': 'Content-Range' }
    expect(await write()).toBe('written without an ETag')
    const report = await page.evaluate(
      async ([endpoint, credentials]) =>
        storageTesting.probeConditions(storageTesting.openStorage('s3://bucket/', { s3: { endpoint, credentials } })),
      [store.endpoint, account] as const,
    )
    expect(report).toMatchObject({ compareAndSwap: false, why: expect.stringContaining('hides it from this page') })
  })

  test('warns of keys that do not end, once they are in a page', async () => {
    const warnings = await page.evaluate(
      ([endpoint, credentials]) =>
        [credentials, { ...credentials, sessionToken: 'x' }, async () => credentials].map(
          (given) =>
            storageTesting.openStorage('s3://bucket/', { s3: { endpoint, credentials: given } }).open('object')
              .warnings,
        ),
      [store.endpoint, account] as const,
    )
    expect(warnings).toEqual([[expect.stringMatching(/^Long-lived keys .*storage\.s3\.sign/)], [], []])
    expect(String(warnings)).not.toContain(account.accessKeyId)
  })

  test('that is out of reach is no matter of CORS', async () => {
    const { endpoint } = await S3Store.start()
      .then(async (gone) => {
        await gone.close()
        return { endpoint: gone.endpoint }
      })
      .catch(() => ({ endpoint: 'http://127.0.0.1:9' }))
    const code = await page.evaluate(
      async (at) =>
        storageTesting
          .openStorage('s3://bucket/', { s3: { endpoint: at }, s3Http: () => ({ retry: { attempts: 1 } }) })
          .stat('object')
          .then(
            () => '',
            (error: { code: string }) => error.code,
          ),
      endpoint,
    )
    expect(code).toBe('NETWORK')
  })
})

describe('Firefox', () => {
  let firefox: Awaited<ReturnType<typeof openFirefox>>

  beforeAll(async () => {
    firefox = await openFirefox(new URL('page.html', site.url).href)
  })
  afterAll(() => firefox?.close())

  test('is there to be tested', ({ skip }) => {
    skip(firefox === undefined, 'no Firefox is installed: "npm test" does that on Debian')
    expect(firefox!.version).toMatch(/firefox/i)
  })

  for (const where of ['page', 'worker'] as const) {
    test(`opfs: in a ${where} keeps all promises`, async ({ skip }) => {
      skip(firefox === undefined, 'no Firefox is installed')
      const broken: string[] = []
      for (const { name } of storageCases) {
        const outcome = await firefox!.run(name, where, `opfs:/case-${places++}/`)
        if (outcome !== 'kept') broken.push(`${name}: ${outcome}`)
      }
      expect(broken).toEqual([])
    })
  }
})
