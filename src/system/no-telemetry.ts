/**
 * Import this before ONNX Runtime. Since 1.30 it stores events in ~/.cache/Microsoft and sends them to Microsoft unless
 * this variable is set before the first session. (It also parses the command line with a regular expression that
 * overflows the stack at about 30 kB.)
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
