uniform vec3 top;
uniform vec3 bottom;
in vec2 v_at;
layout (location = 0) out vec4 colour;
void main() {
    vec3 c = mix(bottom, top, smoothstep(0.0, 1.0, v_at.y));
    // Half a step of noise, so that the gradient shows no bands.
    float noise = fract(sin(dot(gl_FragCoord.xy, vec2(12.9898, 78.233))) * 43758.5453) - 0.5;
    colour = vec4(c + noise / 255.0, 1.0);
}
