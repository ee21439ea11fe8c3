#!/usr/bin/env node
// The old name of featuretap.cjs.
import './featuretap.cjs';
