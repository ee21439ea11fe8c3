import type { DeviceReport } from '../extract/backbone/devices/devices.ts';
import { devicePreference, tryDevice, whyNot } from '../extract/backbone/devices/devices.ts';
import { ortVersion } from '../extract/backbone/ort-session.ts';
import { textTable } from '../report/text-table.ts';
import type { Options, Session, Verb } from './verb.ts';

export const devicesVerb: Verb = {
  command: 'devices',
  describe: 'try every device on one small batch, and say what is missing where one does not work',
  options: (yargs) => yargs,
  run: async (_options: Options, session: Session): Promise<number> => {
    const reports: DeviceReport[] = [];
    for (const device of devicePreference) {
      session.note(`trying ${device}`);
      reports.push(await tryDevice(device));
    }
    const cpu = reports.find(({ device }) => device === 'cpu');
    const rows = reports.map((report) => describe(report, cpu));
    session.printJson({
      onnxRuntime: ortVersion,
      devices: reports.map((report) => ({ ...report, values: undefined })),
    });
    session.print(`ONNX Runtime ${ortVersion}`);
    const columns = ['device', 'works', 'small batch', 'what to know'].map(
      (title) => ({ title, align: 'left' }) as const,
    );
    for (const line of textTable(columns, rows)) session.print(line);
    // The CPU is the one that must be there.
    return cpu?.works === true ? 0 : 1;
  },
};

function describe(report: DeviceReport, cpu: DeviceReport | undefined): readonly string[] {
  const { device } = report;
  if (!report.works) return [device, 'no', '', `${report.reason}: ${report.fix}`];
  const time = `${(report.seconds * 1000).toFixed(1)} ms`;
  const first = `first run ${report.firstSeconds.toFixed(2)} s`;
  const against = device !== 'cpu' && cpu?.works === true ? whyNot(report, cpu) : undefined;
  return [device, 'yes', time, [first, against].filter((part) => part !== undefined).join('; ')];
}
