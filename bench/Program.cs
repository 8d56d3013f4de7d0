using BenchmarkDotNet.Running;
using Gateway.Bench.Smoke;

if (args is ["--smoke"])
    return SmokeRun.Run();

BenchmarkSwitcher.FromAssembly(typeof(SmokeRun).Assembly).Run(args);
return 0;
