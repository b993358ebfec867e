// The look of cards in Teams, light theme.

const text = (main, subtle) => ({ default: main, subtle });
const foreground = {
  default: text("#ff242424", "#ff616161"),
  dark: text("#ff242424", "#ff616161"),
  light: text("#ffffffff", "#ffe0e0e0"),
  accent: text("#ff5b5fc7", "#ff7579eb"),
  good: text("#ff237b4b", "#ff2f9e63"),
  warning: text("#ff835c00", "#ffa07400"),
  attention: text("#ffc4314b", "#ffd5536b"),
};
const container = (backgroundColor) => ({ backgroundColor, foregroundColors: foreground });

export const HOST = {
  fontFamily: "'Segoe UI', 'Noto Sans', sans-serif",
  supportsInteractivity: true,
  fontTypes: {
    default: {
      fontFamily: "'Segoe UI', 'Noto Sans', sans-serif",
      fontSizes: { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 },
      fontWeights: { lighter: 200, default: 400, bolder: 600 },
    },
    monospace: {
      fontFamily: "Consolas, 'Liberation Mono', monospace",
      fontSizes: { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 },
      fontWeights: { lighter: 200, default: 400, bolder: 600 },
    },
  },
  spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
  separator: { lineThickness: 1, lineColor: "#ffe0e0e0" },
  imageSizes: { small: 32, medium: 52, large: 100 },
  containerStyles: {
    default: container("#ffffffff"),
    emphasis: container("#fff5f5f5"),
    accent: container("#ffe8ebfa"),
    good: container("#ffe7f2da"),
    warning: container("#fffbf6d9"),
    attention: container("#fffcf4f6"),
  },
  actions: {
    maxActions: 6,
    spacing: "default",
    buttonSpacing: 8,
    actionsOrientation: "horizontal",
    actionAlignment: "left",
    showCard: { actionMode: "inline", inlineTopMargin: 16, style: "emphasis" },
  },
  adaptiveCard: { allowCustomStyle: false },
  textBlock: { headingLevel: 2 },
  textStyles: {
    heading: { size: "large", weight: "bolder", color: "default", isSubtle: false, fontType: "default" },
    columnHeader: { size: "default", weight: "bolder", color: "default", isSubtle: false, fontType: "default" },
  },
  factSet: {
    title: { size: "default", color: "default", isSubtle: false, weight: "bolder", wrap: true, maxWidth: 150 },
    value: { size: "default", color: "default", isSubtle: false, weight: "default", wrap: true },
    spacing: 16,
  },
};
