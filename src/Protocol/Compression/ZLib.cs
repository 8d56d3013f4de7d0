using System.IO.Compression;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Gateway.Protocol.Compression;

/// <summary>
/// The runtime's own zlib-ng, by the functions that <see cref="DeflateStream"/> calls too. A stream cannot be used for one message after
/// the other, so that each would allocate and cost a third more; docs/performance.md has the figures. Stateless.
/// </summary>
/// <remarks>
/// The functions are no public interface of .NET. <see cref="IsAvailable"/> tries them, and without them nothing is compressed.
/// </remarks>
internal static unsafe partial class ZLib
{
    public const int Ok = 0;
    public const int StreamEnd = 1;
    public const int MemoryError = -4;
    public const int BufferError = -5;

    public const int SyncFlush = 2;
    public const int FullFlush = 3;

    /// <summary>The largest window, in bits.</summary>
    public const int MaxWindowBits = 15;

    private const string Library = "libSystem.IO.Compression.Native";
    private const int Deflated = 8;
    private const int DefaultMemoryLevel = 8;
    private const int DefaultStrategy = 0;

    /// <summary>Whether this runtime has the functions.</summary>
    public static bool IsAvailable { get; } = Try();

    public static int StartDeflating(Stream* stream, int level, int windowBits) =>
        DeflateInit(stream, level, Deflated, -windowBits, DefaultMemoryLevel, DefaultStrategy);

    public static int StartInflating(Stream* stream) => InflateInit(stream, -MaxWindowBits);

    public static int StartAnew(Stream* stream) => InflateReset(stream, -MaxWindowBits);

    [LibraryImport(Library, EntryPoint = "CompressionNative_Deflate")]
    public static partial int Deflate(Stream* stream, int flush);

    [LibraryImport(Library, EntryPoint = "CompressionNative_DeflateEnd")]
    public static partial int EndDeflating(Stream* stream);

    [LibraryImport(Library, EntryPoint = "CompressionNative_Inflate")]
    public static partial int Inflate(Stream* stream, int flush);

    [LibraryImport(Library, EntryPoint = "CompressionNative_InflateEnd")]
    public static partial int EndInflating(Stream* stream);

    [LibraryImport(Library, EntryPoint = "CompressionNative_DeflateInit2_")]
    private static partial int DeflateInit(Stream* stream, int level, int method, int windowBits, int memoryLevel, int strategy);

    [LibraryImport(Library, EntryPoint = "CompressionNative_InflateInit2_")]
    private static partial int InflateInit(Stream* stream, int windowBits);

    [LibraryImport(Library, EntryPoint = "CompressionNative_InflateReset2_")]
    private static partial int InflateReset(Stream* stream, int windowBits);

    private static bool Try()
    {
        // Elsewhere the runtime's usual rules find the library, in a single file too, which has it inside.
        if (OperatingSystem.IsWindows())
            NativeLibrary.SetDllImportResolver(typeof(ZLib).Assembly, ResolveOnWindows);
        try
        {
            using var deflater = new Deflater(level: 1, MaxWindowBits);
            using var inflater = new Inflater();
            Span<byte> deflated = stackalloc byte[Deflater.MaxBytes(5)];
            int length = deflater.Deflate("Hello"u8, deflated);
            var outcome = inflater.Inflate(deflated[..length], limit: 5, out byte[]? buffer, out int inflated);
            return outcome == InflateOutcome.Done && buffer.AsSpan(0, inflated).SequenceEqual("Hello"u8);
        }
        catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException or InvalidDataException)
        {
            return false;
        }
    }

    private static nint ResolveOnWindows(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == Library ? NativeLibrary.Load("System.IO.Compression.Native", typeof(DeflateStream).Assembly, path) : 0;

    /// <summary>The library's <c>PAL_ZStream</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Stream
    {
        public byte* NextIn;
        public byte* NextOut;
        public byte* Message;
        public void* State;
        public uint AvailableIn;
        public uint AvailableOut;
    }
}
