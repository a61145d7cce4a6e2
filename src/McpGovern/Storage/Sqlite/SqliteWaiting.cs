using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace McpGovern.Storage;

/// <summary>
/// How a connection waits for the file's lock: in short steps of uneven length. SQLite's own waiting backs off to 100 ms, in which busy neighbours
/// never leave a gap, and a SQLite that was built without <c>usleep</c>, as the bundled one, sleeps a whole second at a time.
/// </summary>
internal static class SqliteWaiting
{
    /// <summary>How long somebody waits for the file's lock before the store counts as unavailable; other processes write to it too.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    // Kept for as long as the library may call it.
    private static readonly Handler Waits = Wait;
    private static readonly IntPtr Waiting = Marshal.GetFunctionPointerForDelegate(Waits);

    [ThreadStatic]
    private static long began, steps;

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int Handler(IntPtr context, int count);

    /// <summary>How often this thread has waited so far.</summary>
    public static long Steps => steps;

    public static void Install(SqliteConnection connection)
    {
        try
        {
            _ = SetHandler(connection.Handle!.DangerousGetHandle(), Waiting, IntPtr.Zero);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another build of the library, under another name: the system's can sleep.
            raw.sqlite3_busy_timeout(connection.Handle, (int)Patience.TotalMilliseconds);
        }
    }

    private static int Wait(IntPtr context, int count)
    {
        if (count == 0)
        {
            began = Stopwatch.GetTimestamp();
        }
        else if (Stopwatch.GetElapsedTime(began) > Patience)
        {
            return 0;
        }

        steps++;
        Thread.Sleep(Random.Shared.Next(1, 6));
        return 1;
    }

    // The wrapper offers only SQLite's own waiting.
    [DllImport("e_sqlite3", EntryPoint = "sqlite3_busy_handler", CallingConvention = CallingConvention.Cdecl)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static extern int SetHandler(IntPtr database, IntPtr handler, IntPtr context);
}
