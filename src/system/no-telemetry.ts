/**
 * To be imported before ONNX Runtime, which from 1.30 on keeps events in ~/.cache/Microsoft and sends them to Microsoft
 * unless this is set when its first session is made. (It also reads the command line for them, by a regular expression
 * that overflows the stack at some 30 kB.)
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
