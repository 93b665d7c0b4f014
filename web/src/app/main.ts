// SPDX-License-Identifier: Apache-2.0
import { mount } from 'svelte'
import App from '$/app/App.svelte'
import '$/app/tokens.css'
import '$/app/theme.css'

mount(App, { target: document.getElementById('app')! })
