; Firewall rules and "open with" of the Windows installer. Included by electron-builder's script, which calls customInstall
; after the files are there and customUnInstall before they go (an update does both).

; One rule each for links and mDNS, for this program at its installed path. Private and Domain: a network that Windows
; calls Public stays closed. The rule for links names no port, because the port is a setting; the local API listens on
; 127.0.0.1 only, whatever the firewall allows.
!macro musterNetsh ARGUMENTS
  nsExec::ExecToLog '"$SYSDIR\netsh.exe" advfirewall firewall ${ARGUMENTS}'
  Pop $0
!macroend

!macro musterOpenWith EXTENSION
  WriteRegNone SHELL_CONTEXT "Software\Classes\.${EXTENSION}\OpenWithProgids" "Muster.Certificate"
!macroend

!macro musterNoOpenWith EXTENSION
  DeleteRegValue SHELL_CONTEXT "Software\Classes\.${EXTENSION}\OpenWithProgids" "Muster.Certificate"
!macroend

!macro musterEachExtension DO
  !insertmacro ${DO} "p12"
  !insertmacro ${DO} "pfx"
  !insertmacro ${DO} "pem"
  !insertmacro ${DO} "crt"
  !insertmacro ${DO} "cer"
!macroend

!macro customInstall
  ; electron-builder's file associations would make Muster the default for certificates in place of Windows itself.
  WriteRegStr SHELL_CONTEXT "Software\Classes\Muster.Certificate" "" "Certificate"
  WriteRegStr SHELL_CONTEXT "Software\Classes\Muster.Certificate\DefaultIcon" "" "$INSTDIR\${APP_EXECUTABLE_FILENAME},0"
  WriteRegStr SHELL_CONTEXT "Software\Classes\Muster.Certificate\shell\open\command" "" '"$INSTDIR\${APP_EXECUTABLE_FILENAME}" "%1"'
  !insertmacro musterEachExtension musterOpenWith
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'

  ${if} $installMode == "all"
    ; First all inbound rules of this path: an earlier "Cancel" in Windows' own question left a rule that blocks, and
    ; blocking wins over allowing.
    !insertmacro musterNetsh 'delete rule name=all dir=in program="$INSTDIR\${APP_EXECUTABLE_FILENAME}"'
    !insertmacro musterNetsh 'add rule name="Muster links" dir=in action=allow profile=private,domain protocol=TCP program="$INSTDIR\${APP_EXECUTABLE_FILENAME}" enable=yes'
    StrCpy $1 $0
    !insertmacro musterNetsh 'add rule name="Muster discovery (mDNS)" dir=in action=allow profile=private,domain protocol=UDP localport=5353 remoteip=localsubnet program="$INSTDIR\${APP_EXECUTABLE_FILENAME}" enable=yes'
    ${if} $0 != "0"
    ${orIf} $1 != "0"
      MessageBox MB_OK|MB_ICONEXCLAMATION "The Windows firewall took no rules for Muster (a policy may forbid it). Until an administrator allows inbound TCP and UDP 5353 for $INSTDIR\${APP_EXECUTABLE_FILENAME}, others cannot reach this laptop; it can still reach them." /SD IDOK
    ${endIf}
  ${else}
    MessageBox MB_OK|MB_ICONINFORMATION "Installed for one user, Muster may not set firewall rules. Windows will ask at the first start; an administrator has to allow private and domain networks there." /SD IDOK
  ${endIf}
!macroend

!macro customUnInstall
  !insertmacro musterEachExtension musterNoOpenWith
  DeleteRegKey SHELL_CONTEXT "Software\Classes\Muster.Certificate"
  ; electron-builder takes its classes away and leaves the endings, which then name nothing.
  DeleteRegKey SHELL_CONTEXT "Software\Classes\.muster-bundle"
  DeleteRegKey SHELL_CONTEXT "Software\Classes\.muster-receipt"
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
  ${if} $installMode == "all"
    !insertmacro musterNetsh 'delete rule name="Muster links" program="$INSTDIR\${APP_EXECUTABLE_FILENAME}"'
    !insertmacro musterNetsh 'delete rule name="Muster discovery (mDNS)" program="$INSTDIR\${APP_EXECUTABLE_FILENAME}"'
  ${endIf}
!macroend
