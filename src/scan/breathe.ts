/** Lets messages and timers run before going on, so that a long decode does not keep an abort waiting. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const immediate = (globalThis as { setImmediate?: (run: () => void) => void }).setImmediate
    if (immediate !== undefined) {
      immediate(resolve)
      return
    }
    // Timers are held back to 4 ms in browsers; messages are not.
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}
