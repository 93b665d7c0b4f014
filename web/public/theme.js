// SPDX-License-Identifier: Apache-2.0
// Runs before the first paint, so that a chosen theme does not flash the other one.
try {
  const prefs = JSON.parse(localStorage.getItem('weir.prefs') || '{}')
  if (prefs.theme === 'light' || prefs.theme === 'dark') document.documentElement.dataset.theme = prefs.theme
  if (prefs.density === 'compact') document.documentElement.dataset.density = 'compact'
} catch {
  // no storage: the system's theme
}
