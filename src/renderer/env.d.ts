/// <reference types="vite/client" />
declare module '@fontsource-variable/ibm-plex-sans/standard.css'
declare module '@fontsource/ibm-plex-mono/500.css'
declare module '@fontsource/ibm-plex-mono/600.css'
