// Our system in a page that no developer tools are attached to, which would keep bodies of responses: it asks the server what to do.
import './ours.mjs'

/** @param {unknown} answer */
const post = (answer) =>
  fetch('/answer', {
    method: 'POST',
    body: JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
  })

for (;;) {
  const { method, values } = await (await fetch('/command')).json()
  const call = /** @type {(...values: unknown[]) => Promise<unknown>} */ (
    globalThis.bench[/** @type {'boot' | 'query'} */ (method)]
  )
  await call(...values).then(
    (value) => post({ value }),
    (error) => post({ failure: String(error) }),
  )
}
