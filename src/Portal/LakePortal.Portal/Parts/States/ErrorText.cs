using LakePortal.Kernel.Errors;

namespace LakePortal.Portal.Parts.States;

/// <summary>What a person reads of an error. Errors that are not of our families are defects: their details go to the log, not to the page.</summary>
internal static class ErrorText
{
    public static string Message(Exception? failure) =>
        failure is LakePortalException known ? known.Message : "Something went wrong inside LakePortal.";

    public static string? Hint(Exception? failure) => failure is LakePortalException known
        ? known.Hint
        : "The log of the process has the details. Trying again may help.";

    public static string Code(Exception? failure) => failure is LakePortalException known ? known.Code : "internal";

    public static IReadOnlyList<InputFault> Faults(Exception? failure) => failure is LakePortalException known ? known.Faults : [];
}
