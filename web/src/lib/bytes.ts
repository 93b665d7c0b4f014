// SPDX-License-Identifier: Apache-2.0
// The server counts text in UTF-8 bytes, the browser in UTF-16 units.

const encoder = new TextEncoder()

export const byteOffset = (text: string, index: number): number => encoder.encode(text.slice(0, index)).length

/** Index into text of byte offset `bytes`; in the middle of a character, that character's start. */
export function indexOfByte(text: string, bytes: number): number {
  let left = bytes
  let index = 0
  for (const char of text) {
    left -= encoder.encode(char).length
    if (left < 0) break
    index += char.length
  }
  return index
}
