/**
 * Gives the memory of `buffers` back now instead of when they are collected as garbage, which platforms put off while
 * tens of megabytes in each thread wait for it. Nobody may use them any more; they are empty afterwards.
 */
export function freeBuffers(buffers: readonly ArrayBuffer[]): void {
  if (buffers.length === 0) return
  if ('transfer' in ArrayBuffer.prototype) {
    for (const buffer of buffers as readonly (ArrayBuffer & { transfer(bytes: number): void })[]) buffer.transfer(0)
    return
  }
  // A message that nobody will receive takes them along.
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(undefined, [...buffers])
  port1.close()
  port2.close()
}
