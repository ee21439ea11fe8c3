import { type DeviceReport, devicePreference, tryDevice, whyNot } from '../extract/backbone/devices/devices.ts';
import { type TensorFlowReport, tryTensorFlow } from '../extract/backbone/devices/try-tensorflow.ts';
import { ortVersion } from '../extract/backbone/ort-session.ts';
import { textTable } from '../report/text-table.ts';
import type { Verb } from './verb.ts';

export const devicesVerb: Verb = {
  options: {},
  run: async (_given, session) => {
    const reports: DeviceReport[] = [];
    for (const device of devicePreference) {
      session.note(`trying ${device}`);
      reports.push(await tryDevice(device));
    }
    session.note('trying tensorflow');
    const tensorflow = await tryTensorFlow();
    const cpu = reports.find(({ device }) => device === 'cpu');
    session.printJson({
      onnx: { version: ortVersion, devices: reports.map((report) => ({ ...report, values: undefined })) },
      tensorflow,
    });
    const rows = [...reports.map((report) => describe(report, cpu)), describeTensorFlow(tensorflow)];
    const titles = ['engine', 'device', 'works', 'small batch', 'what to know'];
    const columns = titles.map((title) => ({ title, align: 'left' }) as const);
    for (const line of textTable(columns, rows)) session.print(line);
    // Only the CPU is required.
    return cpu?.works === true ? 0 : 1;
  },
};

function describe(report: DeviceReport, cpu: DeviceReport | undefined): readonly string[] {
  const { device } = report;
  if (!report.works) return ['onnx', device, 'no', '', `${report.reason}: ${report.fix}`];
  const first = `ONNX Runtime ${ortVersion}, first run ${report.firstSeconds.toFixed(2)} s`;
  const against = device !== 'cpu' && cpu?.works === true ? whyNot(report, cpu) : undefined;
  const known = [first, against].filter((part) => part !== undefined).join('; ');
  return ['onnx', device, 'yes', milliseconds(report.seconds), known];
}

function describeTensorFlow(report: TensorFlowReport): readonly string[] {
  if (!report.works) return ['tensorflow', '', 'no', '', `${report.reason}: ${report.fix}`];
  return ['tensorflow', report.device, 'yes', milliseconds(report.seconds), `TensorFlow.js ${report.version}`];
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(1)} ms`;
}
